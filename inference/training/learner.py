"""The model that a run trains: network, optimizer, loss, and the weights it starts from."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from inference.engine import network
from inference.engine.bundle import WEIGHTS
from inference.engine.errors import BadBundle
from inference.training.config import TrainingConfig
from inference.training.recipes import add_l2

NO_WEIGHTS, IMAGENET = "none", "imagenet"


def new_model(config: TrainingConfig, networks: Mapping[str, network.Body] | None = None) -> keras.Model:
    """Build and compile the network of a run, logits only, with its initial weights.

    networks: a table of networks of one's own. Raises BadBundle for initial weights that do not fit the network.
    """
    keras.utils.set_random_seed(config.seed)
    previous = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(config.precision)
    try:
        built = network.build(config.network, label_count=len(config.labels), networks=networks)
    finally:
        keras.mixed_precision.set_dtype_policy(previous)
    model = keras.Model(built.input, built.output[network.LOGITS])
    add_l2(model, config.l2)
    _start_from(model, config.initial_weights)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    model.compile(_optimizer(config), loss, metrics=["accuracy"], jit_compile=config.jit)
    return model


def two_outputs(model: keras.Model) -> keras.Model:
    """The network with logits and last map, from the model that is trained on logits alone."""
    last_map = model.get_layer(network.LAST_MAP).output
    return keras.Model(model.input, {network.LOGITS: model.output, network.LAST_MAP: last_map})


def _optimizer(config: TrainingConfig) -> keras.optimizers.Optimizer:
    # fit() puts the running mean of the weights in their place when it ends, which is after every epoch: the steps of
    # the next epoch start from the mean (Zhang et al., Lookahead optimizer, arXiv 1907.08610), and a checkpoint is one.
    averaging = {"use_ema": True, "ema_momentum": config.weight_average} if config.weight_average else {}
    if config.optimizer == "adam":
        return keras.optimizers.Adam(config.learning_rate, clipnorm=5.0, **averaging)
    if config.optimizer != "adamw":
        raise ValueError(f"Expected the optimizer adam or adamw; received {config.optimizer!r}. Choose one of them.")
    optimizer = keras.optimizers.AdamW(
        config.learning_rate, weight_decay=config.weight_decay, clipnorm=5.0, **averaging
    )
    # Decay is for kernels; on batch-norm scales and biases it only fights the normalisation.
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def _start_from(model: keras.Model, initial: str) -> None:
    if initial == NO_WEIGHTS:
        return
    if initial == IMAGENET:
        _start_from_imagenet(model)
        return
    path = Path(initial)
    stored = _read(path / WEIGHTS if path.is_dir() else path)
    missing = {variable.path for variable in model.variables} - set(stored)
    if missing:
        raise _misfit(initial, f"none for {sorted(missing)[:4]}")
    for variable in model.variables:
        if tuple(variable.shape) == stored[variable.path].shape:
            variable.assign(stored[variable.path].astype(np.float32))
        elif not variable.path.startswith(f"{network.LOGITS}/"):
            # A head for other labels starts anew; anything else of another shape is another network.
            raise _misfit(initial, f"{stored[variable.path].shape} for {variable.path} {tuple(variable.shape)}")


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError) as error:
        raise _misfit(str(path), str(error)) from error


def _misfit(initial: str, received: str) -> BadBundle:
    return BadBundle(
        expected=f"weights of this network in {initial}",
        received=received,
        remedy="Name a bundle of the same network, imagenet, or none",
    )


def _start_from_imagenet(model: keras.Model) -> None:
    # The published weights read three colours; a grey film is the same in all three, so their sum reads it.
    table = {"resnet50": keras.applications.ResNet50, "vgg16": keras.applications.VGG16,
             "xception": keras.applications.Xception}  # fmt: skip
    name = next((known for known in table if any(layer.name.startswith(_PREFIX[known]) for layer in model.layers)), "")
    if not name:
        raise _misfit(IMAGENET, "a network that nobody has trained on ImageNet")
    try:
        published = table[name](weights="imagenet", include_top=False)
    except Exception as error:
        raise _misfit(IMAGENET, f"no download: {error}") from error
    own = {variable.path: variable for variable in model.variables}
    for variable in published.variables:
        value = np.asarray(variable)
        target = own.get(variable.path)
        if target is not None:
            grey = value.ndim == 4 and value.shape[2] == 3 and target.shape[2] == 1
            target.assign(value.sum(axis=2, keepdims=True) if grey else value)


_PREFIX = {"resnet50": "conv1_conv", "vgg16": "block1_conv", "xception": "block1_conv1_bn"}
