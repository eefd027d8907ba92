"""Trains a network from a manifest: staged sizes, cosine schedule, checkpoints a stopped run resumes from."""

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from inference.engine import network
from inference.training.augment import augment
from inference.training.config import TrainingConfig
from inference.training.dataset import Film, Manifest, load_inputs, sampling_weights


@dataclass
class RunState:
    """Where a run stands: epochs done, seconds trained over all sittings, and the curve so far."""

    epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


class Batches(keras.utils.PyDataset):
    """One epoch of balanced, augmented batches; batch i of epoch e is the same however often it is drawn."""

    def __init__(
        self,
        inputs: NDArray[np.uint8],
        targets: NDArray[np.int64],
        weights: NDArray[np.float64],
        *,
        config: TrainingConfig,
        epoch: int,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=6)
        self._inputs, self._targets, self._weights = inputs, targets, weights
        self._config, self._epoch = config, epoch

    def __len__(self) -> int:
        return self._config.steps_per_epoch

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        generator = np.random.default_rng([self._config.seed, self._epoch, index])
        chosen = generator.choice(len(self._targets), self._config.batch, p=self._weights)
        films = self._inputs[np.sort(chosen)].astype(np.float32) / 255.0
        one_hot = np.eye(len(self._config.labels), dtype=np.float32)[self._targets[np.sort(chosen)]]
        return augment(films, generator)[..., np.newaxis], one_hot


class LearningRate(keras.callbacks.Callback):
    """Sets the learning rate before every step: warm-up, then a cosine to zero over the whole run."""

    def __init__(self, config: TrainingConfig, state: RunState) -> None:
        super().__init__()
        self._config, self._state, self._began = config, state, time.monotonic()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Set the rate for step `batch` of the epoch."""
        step = batch / self._config.steps_per_epoch
        now = progress(self._config, self._state, step=step, seconds=time.monotonic() - self._began)
        self.model.optimizer.learning_rate = learning_rate(self._config, now)


def progress(config: TrainingConfig, state: RunState, *, step: float = 0.0, seconds: float = 0.0) -> float:
    """How far the run is, 0..1, by epochs or by seconds trained, whichever bounds it.

    step: share of the present epoch done. seconds: spent in the present epoch.
    """
    if config.epochs is not None:
        return (state.epoch + step) / config.epochs
    assert config.minutes is not None
    return (state.seconds + seconds) / (60.0 * config.minutes)


def learning_rate(config: TrainingConfig, done: float) -> float:
    """The rate at `done` (0..1): linear warm-up, then cosine (Loshchilov and Hutter, arXiv 1608.03983)."""
    if done < config.warm_up:
        return config.learning_rate * max(done / config.warm_up, 0.01)
    share = min((done - config.warm_up) / (1.0 - config.warm_up), 1.0)
    return config.learning_rate * 0.5 * (1.0 + math.cos(math.pi * share))


def train(
    config: TrainingConfig,
    manifest: Manifest,
    *,
    images: Path,
    run: Path,
    cache: Path,
    networks: Mapping[str, network.Body] | None = None,
    stop_after: int | None = None,
) -> keras.Model:
    """Train, or go on with, the run in folder `run`; use from the command line and in tests.

    images: folder of the films. cache: folder of preprocessed arrays. networks: a table of one's own.
    stop_after: end this sitting after so many epochs (the checkpoint stays).
    Returns the two-output network with its weights. Writes config.json, state.json, a checkpoint per epoch.
    """
    run.mkdir(parents=True, exist_ok=True)
    config.write(run / "config.json")
    (run / "manifest.sha256").write_text(manifest.sha256 + "\n")
    state, model = _start_or_resume(config, run, networks)
    first = state.epoch
    while progress(config, state) < 1.0 and (stop_after is None or state.epoch - first < stop_after):
        _train_epoch(config, manifest, model, state, images=images, cache=cache)
        _save(model, state, run)
    return two_outputs(model)


def two_outputs(model: keras.Model) -> keras.Model:
    """The network with logits and last map, from the model that is trained on logits alone."""
    last_map = model.get_layer(network.LAST_MAP).output
    return keras.Model(model.input, {network.LOGITS: model.output, network.LAST_MAP: last_map})


def _start_or_resume(
    config: TrainingConfig, run: Path, networks: Mapping[str, network.Body] | None
) -> tuple[RunState, keras.Model]:
    model = _new_model(config, networks)
    if not (run / "state.json").exists():
        return RunState(), model
    state = RunState(**json.loads((run / "state.json").read_text()))
    stored = keras.models.load_model(_checkpoint(run, state))
    # Values only: a loaded optimizer has forgotten which variables are free of weight decay.
    model.set_weights(stored.get_weights())
    model.optimizer.build(model.trainable_variables)
    for own, kept in zip(model.optimizer.variables, stored.optimizer.variables, strict=True):
        own.assign(kept)
    return state, model


def _new_model(config: TrainingConfig, networks: Mapping[str, network.Body] | None) -> keras.Model:
    keras.utils.set_random_seed(config.seed)
    previous = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(config.precision)
    try:
        built = network.build(config.network, label_count=len(config.labels), networks=networks)
    finally:
        keras.mixed_precision.set_dtype_policy(previous)
    model = keras.Model(built.input, built.output[network.LOGITS])
    optimizer = keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay, clipnorm=5.0)
    # Decay is for kernels; on batch-norm scales and biases it only fights the normalisation.
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=config.jit)
    return model


def _train_epoch(
    config: TrainingConfig, manifest: Manifest, model: keras.Model, state: RunState, *, images: Path, cache: Path
) -> None:
    size = config.size_at(progress(config, state))
    films = manifest.of_split("train", without_sources=config.left_out_sources)
    inputs, films = load_inputs(films, images=images, size=size, cache=cache)
    batches = Batches(
        inputs,
        _targets(config, films),
        sampling_weights(films, source_exponent=config.source_exponent),
        config=config,
        epoch=state.epoch,
    )
    began = time.monotonic()
    fitted = model.fit(
        batches,
        initial_epoch=state.epoch,
        epochs=state.epoch + 1,
        verbose=2,
        shuffle=False,
        callbacks=[LearningRate(config, state)],
    )
    state.seconds += time.monotonic() - began
    entry = {
        "epoch": float(state.epoch),
        "size": float(size),
        "seconds": state.seconds,
        "learning_rate": float(model.optimizer.learning_rate),
        **{name: float(values[0]) for name, values in fitted.history.items()},
    }
    state.epoch += 1
    if state.epoch % config.validate_every == 0:
        entry |= _validate(config, manifest, model, images=images, size=size, cache=cache)
    state.history.append(entry)
    print(json.dumps(entry), flush=True)


def _validate(
    config: TrainingConfig, manifest: Manifest, model: keras.Model, *, images: Path, size: int, cache: Path
) -> dict[str, float]:
    films = manifest.of_split("validation", without_sources=config.left_out_sources)
    inputs, films = load_inputs(films, images=images, size=size, cache=cache)
    logits = model.predict(inputs[..., np.newaxis].astype(np.float32) / 255.0, batch_size=64, verbose=0)
    right = logits.argmax(axis=1) == _targets(config, films)
    targets = _targets(config, films)
    recalls = [float(right[targets == index].mean()) for index in np.unique(targets)]
    return {"validation_accuracy": float(right.mean()), "validation_balanced_accuracy": float(np.mean(recalls))}


def _targets(config: TrainingConfig, films: list[Film]) -> NDArray[np.int64]:
    return np.array([config.labels.index(film.label) for film in films], dtype=np.int64)


def _checkpoint(run: Path, state: RunState) -> Path:
    return run / f"checkpoint-{state.epoch:05d}.keras"


def _save(model: keras.Model, state: RunState, run: Path) -> None:
    # The state names its checkpoint, so that a stop between the two writes leaves the older pair whole.
    model.save(_checkpoint(run, state))
    partial = run / "state.partial.json"
    partial.write_text(json.dumps(state.__dict__))
    os.replace(partial, run / "state.json")
    for old in run.glob("checkpoint-*.keras"):
        if old != _checkpoint(run, state):
            old.unlink()


def load_run(run: Path) -> tuple[TrainingConfig, RunState, keras.Model]:
    """The config, state and two-output network of a run's last checkpoint; use to make a bundle of it."""
    config = TrainingConfig.read(run / "config.json")
    state = RunState(**json.loads((run / "state.json").read_text()))
    model: Any = keras.models.load_model(_checkpoint(run, state))
    return config, state, two_outputs(model)
