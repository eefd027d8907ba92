"""What a run starts from: a bundle, a file of weights, ImageNet's made grey; another network's are refused."""

from dataclasses import replace

import keras  # noqa: TID253 - only training builds networks, and only its tests load this file
import numpy as np
import pytest

from inference.engine import network
from inference.engine.bundle import load_weights, write_bundle
from inference.engine.errors import BadBundle
from inference.engine.gate import fit_statistics
from inference.engine.labels import LABELS
from inference.training.config import IMAGENET
from inference.training.imagenet import PUBLISHED, start_from_imagenet
from inference.training.learner import new_model
from tests.inference import tiny
from tests.inference.engine.conftest import tiny_card


def values(model):
    return {variable.path: np.asarray(variable) for variable in model.variables}


def started(initial, *, networks=tiny.NETWORKS, **changes):
    config = replace(tiny.CONFIG, initial_weights=str(initial), **changes)
    return values(new_model(config, networks))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle of the tiny network with weights of another seed than a new run's."""
    folder = tmp_path_factory.mktemp("start") / "bundle"
    weights = started("none", seed=7)
    statistics = fit_statistics(np.zeros((32, 32)), np.random.default_rng(0).normal(size=(50, 6)), axes=3)
    write_bundle(folder, tiny_card(), weights=weights, statistics=statistics)
    return folder


def of_head(path):
    return path.startswith("logits/")


@pytest.mark.parametrize("name", ["", "weights.npz"], ids=["bundle", "file"])
def test_a_run_starts_from_the_weights_it_is_given(bundle, name):
    stored = load_weights(bundle)
    found = started(bundle / name)
    assert found.keys() == stored.keys()
    assert all(np.array_equal(found[path], value) for path, value in stored.items())
    # A new run has others.
    assert not np.array_equal(started("none")["first/kernel"], stored["first/kernel"])


@pytest.mark.parametrize(
    "labels", [("covid19", "non_covid"), tuple(reversed(LABELS))], ids=["another count", "another order"]
)
def test_a_head_for_other_labels_starts_anew(bundle, labels):
    stored, fresh = load_weights(bundle), started("none", labels=labels)
    found = started(bundle, labels=labels)
    for path, value in found.items():
        assert np.array_equal(value, fresh[path] if of_head(path) else stored[path]), path


def wide_body(centred):
    found = keras.layers.Conv2D(12, 3, strides=2, padding="same", name="first")(centred)
    found = keras.layers.BatchNormalization(name="norm")(found)
    return keras.layers.Conv2D(6, 3, strides=2, padding="same", name="second")(found)


def other_body(centred):
    return keras.layers.Conv2D(6, 3, padding="same", name="only")(centred)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (wide_body, r"received \(3, 3, 1, 8\) for first/kernel \(3, 3, 1, 12\)"),
        (other_body, "received other variables: "),
    ],
)
def test_the_weights_of_another_network_are_refused(bundle, body, words):
    with pytest.raises(BadBundle, match=f"Expected weights of this network in .*; {words}.*Name a bundle of the same"):
        started(bundle, networks={"tiny": body})


def test_a_missing_a_cut_and_a_single_array_are_refused(bundle, tmp_path):
    whole = (bundle / "weights.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    np.save(tmp_path / "single.npy", np.zeros(3))
    (tmp_path / "note.npz").write_text("weights")
    for name in ("missing.npz", "cut.npz", "single.npy", "note.npz"):
        with pytest.raises(BadBundle, match=rf"Expected weights at .*{name}; received"):
            started(tmp_path / name)


def test_a_bundle_with_a_wrong_hash_is_refused(bundle, tmp_path):
    spoiled = write_bundle_again(bundle, tmp_path / "spoiled")
    with (spoiled / "weights.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BadBundle, match=r"weights\.npz with SHA-256"):
        started(spoiled)


def write_bundle_again(bundle, folder):
    statistics = fit_statistics(np.zeros((32, 32)), np.random.default_rng(0).normal(size=(50, 6)), axes=3)
    write_bundle(folder, tiny_card(), weights=load_weights(bundle), statistics=statistics)
    return folder


def test_an_optimizer_that_is_none_is_refused():
    with pytest.raises(ValueError, match="Expected the optimizer adam or adamw; received 'sgd'"):
        started("none", optimizer="sgd")


# --- ImageNet


def published(seed=5):
    """What `tiny.body` would be if it read colours, with invented weights and a bias."""
    keras.utils.set_random_seed(seed)
    colours = keras.Input((None, None, 3))
    model = keras.Model(colours, tiny.body(colours))
    for variable in model.variables:
        value = np.random.default_rng(len(variable.path)).uniform(0.1, 1.0, variable.shape)
        variable.assign(value)
    return model


@pytest.fixture
def from_imagenet(monkeypatch):
    """Start the tiny network as if it were `name`, from `published`."""

    def start(name):
        monkeypatch.setattr(keras.applications, PUBLISHED[name].maker, lambda **_: published())
        return new_model(replace(tiny.CONFIG, network=name, initial_weights=IMAGENET), {name: tiny.body})

    return start


@pytest.mark.parametrize("name", ["vgg16", "xception"])
def test_the_first_layer_reads_grey_as_the_sum_over_colours(from_imagenet, name):
    model, given = from_imagenet(name), values(published())
    found = values(model)
    kernel = given["first/kernel"].sum(axis=2, keepdims=True)
    assert found["first/kernel"] == pytest.approx(PUBLISHED[name].slope * kernel, rel=1e-5)
    assert all(np.array_equal(found[path], given[path]) for path in given if not path.startswith("first/"))
    # Its answer to a grey film is what the published one says of the same film in three colours.
    film = np.random.default_rng(0).random((1, 16, 16, 1)).astype(np.float32)
    centred = 4 * film - 2
    theirs = PUBLISHED[name].slope * centred + np.array(PUBLISHED[name].offsets, dtype=np.float32)
    ours = keras.Model(model.input, model.get_layer("first").output)(film)
    assert np.asarray(ours)[:, :-1, :-1] == pytest.approx(
        np.asarray(published().get_layer("first")(theirs))[:, :-1, :-1], rel=1e-3, abs=1e-2
    )


def test_a_published_network_reads_what_keras_prepares_for_it():
    grey = np.full((1, 4, 4, 3), 0.3, dtype=np.float32)
    ours = 4 * grey[0, 0, 0] - 2
    for name, module in (("resnet50", "resnet"), ("vgg16", "vgg16"), ("xception", "xception")):
        prepared = getattr(keras.applications, module).preprocess_input(255 * grey)[0, 0, 0]
        assert PUBLISHED[name].slope * ours + PUBLISHED[name].offsets == pytest.approx(prepared, abs=1e-3)


def test_without_a_network_imagenet_is_refused_with_a_way_out(monkeypatch):
    def unreachable(**_):
        raise Exception("URL fetch failure on https://example.org/resnet50.h5: None -- Name or service not known")

    monkeypatch.setattr(keras.applications, "ResNet50", unreachable)
    with pytest.raises(BadBundle, match=r"Expected the ImageNet weights of ResNet50.*URL fetch failure.*train without"):
        new_model(replace(tiny.CONFIG, network="resnet50", initial_weights=IMAGENET), {"resnet50": tiny.body})


@pytest.mark.parametrize("name", ["cnn4", "cnn_bn", "tiny"])
def test_a_network_that_nobody_trained_on_imagenet_is_refused(name):
    with pytest.raises(BadBundle, match=f"published for: resnet50, vgg16, xception; received {name}"):
        new_model(replace(tiny.CONFIG, network=name, initial_weights=IMAGENET), {name: tiny.body})


def test_a_published_network_of_another_make_is_refused(monkeypatch):
    monkeypatch.setattr(keras.applications, "VGG16", lambda **_: published())
    with pytest.raises(BadBundle, match="Install the Keras version"):
        new_model(replace(tiny.CONFIG, network="vgg16", initial_weights=IMAGENET), {"vgg16": other_body})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_every_variable_of_the_real_networks_finds_its_own(monkeypatch, name):
    maker = getattr(keras.applications, PUBLISHED[name].maker)
    keras.utils.set_random_seed(9)
    theirs = maker(weights=None, include_top=False)
    built = network.build(name, label_count=3)
    model = keras.Model(built.input, built.output["logits"])
    monkeypatch.setattr(keras.applications, PUBLISHED[name].maker, lambda **_: theirs)
    before = values(model)
    start_from_imagenet(model, name)
    after = values(model)
    grey = np.random.default_rng(0).random((1, 96, 96, 1)).astype(np.float32)
    colours = PUBLISHED[name].slope * (4 * grey - 2) + np.array(PUBLISHED[name].offsets, dtype=np.float32)
    first = next(layer.name for layer in theirs.layers if isinstance(layer, keras.layers.Conv2D))
    ours = np.asarray(keras.Model(model.input, model.get_layer(first).output)(grey))
    expected = np.asarray(keras.Model(theirs.input, theirs.get_layer(first).output)(colours))
    # Away from the edge, where a mean colour is padded with zeros, which are another grey to us.
    assert ours[:, 4:-4, 4:-4] == pytest.approx(expected[:, 4:-4, 4:-4], rel=1e-3, abs=1e-2)
    unchanged = {path for path in before if np.array_equal(before[path], after[path]) and path.endswith("kernel")}
    assert {path.split("/")[0] for path in unchanged} == {"logits", *(["dense"] if name == "vgg16" else [])}
