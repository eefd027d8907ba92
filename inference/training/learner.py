"""The model that a run trains: network, optimizer, loss, and the weights it starts from."""

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from inference.engine import network
from inference.engine.bundle import load_card, read_arrays
from inference.engine.errors import BadBundle
from inference.training.config import IMAGENET, TrainingConfig
from inference.training.imagenet import start_from_imagenet
from inference.training.recipes import add_l2


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
    if config.initial_weights == IMAGENET:
        start_from_imagenet(model, config.network)
    elif config.initial_file is not None:
        _start_from(model, Path(config.initial_weights), config.initial_file, labels=config.labels)
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


def _start_from(model: keras.Model, initial: Path, file: Path, *, labels: tuple[str, ...]) -> None:
    # A bundle's hashes are checked, and its card says what the head's outputs mean; a bare file says neither.
    card = load_card(initial) if initial.is_dir() else None
    stored = read_arrays(file)
    differing = stored.keys() ^ {variable.path for variable in model.variables}
    if differing:
        raise _misfit(initial, f"other variables: {sorted(differing)[:4]}")
    keeps_head = card is None or card.labels == labels
    for variable in model.variables:
        value = stored[variable.path]
        is_head = variable.path.startswith(f"{network.LOGITS}/")
        fits = tuple(variable.shape) == value.shape
        if not fits and not is_head:
            raise _misfit(initial, f"{value.shape} for {variable.path} {tuple(variable.shape)}")
        # A head for other labels starts anew.
        if fits and (keeps_head or not is_head):
            variable.assign(value.astype(np.float32))


def _misfit(initial: Path, received: str) -> BadBundle:
    return BadBundle(
        expected=f"weights of this network in {initial}",
        received=received,
        remedy="Name a bundle of the same network, imagenet, or none",
    )
