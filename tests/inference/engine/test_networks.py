"""Every network by name: it learns, its map and head explain it without a gradient, and its graph equals Keras."""

from types import SimpleNamespace

import numpy as np
import pytest

from inference.engine import network
from inference.engine.bundle import HEAD_KERNEL, load_weights, write_bundle
from inference.engine.explain import class_activation_map
from inference.engine.gate import fit_statistics
from inference.engine.labels import LABELS
from inference.engine.serve import TOLERANCE, Graph, compile_graph
from inference.training.recipes import recipe
from tests.inference import tiny
from tests.inference.engine.conftest import tiny_card

pytestmark = pytest.mark.slow

SIDE = 64
# Channels of the last map, and by how much its side is smaller than the input's.
MAPS = {"resnet50": (2048, 32), "vgg16": (256, 32), "xception": (2048, 32), "cnn4": (256, 16), "cnn_bn": (256, 32)}


def films() -> tuple[np.ndarray, np.ndarray]:
    drawn = [(tiny.draw(label, seed, side=SIDE), index) for seed in range(2) for index, label in enumerate(LABELS)]
    inputs = np.stack([pixels for pixels, _ in drawn])[..., np.newaxis].astype(np.float32) / 255
    return inputs, np.array([index for _, index in drawn])


@pytest.fixture(scope="module", params=sorted(network.NETWORKS))
def trained(request):
    """A network after a few steps on six films, with the loss before each."""
    import keras

    keras.utils.set_random_seed(1)
    built = network.build(request.param, label_count=3)
    model = keras.Model(built.input, built.output[network.LOGITS])
    rate = recipe(request.param).get("learning_rate", 1e-3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate, clipnorm=5.0), loss)
    losses = [float(model.train_on_batch(*films())) for _ in range(6)]
    return SimpleNamespace(name=request.param, built=built, losses=losses)


def test_every_network_of_the_table_is_tested():
    assert set(MAPS) == set(network.NETWORKS)


def test_a_few_steps_lower_the_loss(trained):
    assert min(trained.losses[-2:]) < trained.losses[0], trained.losses


def test_the_head_is_linear_on_the_mean_of_the_last_map(trained):
    found = trained.built(films()[0], training=False)
    last_map = np.asarray(found["last_map"])
    channels, smaller = MAPS[trained.name]
    assert last_map.shape == (6, SIDE // smaller, SIDE // smaller, channels)
    kernel, bias = (np.asarray(variable) for variable in network.head(trained.built))
    assert np.allclose(last_map.mean(axis=(1, 2)) @ kernel + bias, np.asarray(found["logits"]), atol=1e-4)
    cam = class_activation_map(last_map[0], kernel, 0)
    assert cam.shape == last_map.shape[1:3]
    assert np.isfinite(cam).all()


def test_the_graph_of_the_stored_weights_gives_what_keras_gives(trained, tmp_path):
    weights = {variable.path: np.asarray(variable) for variable in trained.built.variables}
    embeddings = np.random.default_rng(0).normal(0.2, 0.1, (50, MAPS[trained.name][0]))
    statistics = fit_statistics(np.zeros((32, 32), dtype=np.float32), embeddings, axes=3)
    write_bundle(
        tmp_path / "bundle", tiny_card(architecture=trained.name, input_size=SIDE),
        weights=weights, statistics=statistics,
    )  # fmt: skip
    # The bundle is read into a second network of the process, so every weight's name must be the same again.
    assert compile_graph(tmp_path / "bundle", tmp_path / "graph") <= TOLERANCE
    logits, last_map = Graph(tmp_path / "graph").run(films()[0])
    kernel = load_weights(tmp_path / "bundle")[HEAD_KERNEL]
    bias = load_weights(tmp_path / "bundle")["logits/bias"]
    assert np.allclose(last_map.mean(axis=(1, 2)) @ kernel + bias, logits, atol=1e-4)


def test_the_blur_of_cnn4_is_a_gaussian_that_training_leaves_alone():
    model = network.build("cnn4", label_count=2)
    kernel = np.asarray(model.get_layer("denoise").kernel)[..., 0, 0]
    assert "denoise/kernel" not in {variable.path for variable in model.trainable_variables}
    assert kernel.sum() == 1.0
    places = np.arange(5) - 2
    assert (kernel.sum(axis=0) * places**2).sum() == pytest.approx(1.0)
    assert np.array_equal(kernel.astype(np.float16).astype(np.float32), kernel)
