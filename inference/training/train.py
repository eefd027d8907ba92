"""Trains a network from a manifest: staged sizes, cosine schedule, checkpoints a stopped run resumes from."""

import json
import math
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tensorboard.summary import Writer

from inference.engine import network
from inference.engine.bundle import LUNGS, sha256_of
from inference.engine.calibrate import negative_log_likelihood
from inference.training.batches import Batches
from inference.training.config import TrainingConfig
from inference.training.dataset import Film, Manifest, sampling_weights
from inference.training.inputs import load_all, load_inputs
from inference.training.learner import new_model, two_outputs

CONFIG, STATE, BEST = "config.json", "state.json", "best.keras"


@dataclass
class RunState:
    """Where a run stands: epochs done, seconds trained over all sittings, the curve so far, and its best validation."""

    epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_loss: float = math.inf
    validations_since_best: int = 0


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a run learns from: manifest, folder of films, folder of prepared arrays, lung finder (None: whole films)."""

    manifest: Manifest
    images: Path
    cache: Path
    finder: Path | None = None


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
    data: Data,
    *,
    run: Path,
    networks: Mapping[str, network.Body] | None = None,
    stop_after: int | None = None,
) -> keras.Model:
    """Train, or go on with, the run in folder `run`; use from the command line and in tests.

    networks: a table of one's own. stop_after: end this sitting after so many epochs (the checkpoint stays).
    Returns the two-output network with its weights. Writes config.json, state.json, the finder, a checkpoint an epoch,
    and curves for TensorBoard in `run`/tensorboard.
    """
    config = _open_run(config, data, run)
    state, model = _start_or_resume(config, run, networks)
    first = state.epoch
    while not _has_ended(config, state) and (stop_after is None or state.epoch - first < stop_after):
        _train_epoch(config, data, model, state)
        _log_curves(run, state)
        _save(config, model, state, run)
    return two_outputs(model)


def load_run(run: Path) -> tuple[TrainingConfig, RunState, keras.Model]:
    """The config, state and two-output network of a run's last checkpoint, or of its best where it may stop early."""
    config = TrainingConfig.read(run / CONFIG)
    state = RunState(**json.loads((run / STATE).read_text()))
    path = run / BEST if config.patience and (run / BEST).exists() else _checkpoint(run, state)
    model: Any = keras.models.load_model(path)
    return config, state, two_outputs(model)


def finder_of(run: Path) -> Path | None:
    """The lung finder's weights that a run's films were cropped with, None for whole films."""
    return run / LUNGS if (run / LUNGS).exists() else None


def _open_run(config: TrainingConfig, data: Data, run: Path) -> TrainingConfig:
    run.mkdir(parents=True, exist_ok=True)
    if data.finder is not None:
        config = replace(config, finder_sha256=sha256_of(data.finder))
        if not (run / LUNGS).exists():
            shutil.copyfile(data.finder, run / LUNGS)
    config.write(run / CONFIG)
    (run / "manifest.sha256").write_text(data.manifest.sha256 + "\n")
    return config


def _has_ended(config: TrainingConfig, state: RunState) -> bool:
    impatient = bool(config.patience) and state.validations_since_best >= config.patience
    return impatient or progress(config, state) >= 1.0


def _start_or_resume(
    config: TrainingConfig, run: Path, networks: Mapping[str, network.Body] | None
) -> tuple[RunState, keras.Model]:
    if not (run / STATE).exists():
        return RunState(), new_model(config, networks)
    # The checkpoint has the weights: what the run began from is no longer needed, and may be gone.
    model = new_model(replace(config, initial_weights="none"), networks)
    state = RunState(**json.loads((run / STATE).read_text()))
    stored = keras.models.load_model(_checkpoint(run, state))
    # Values only: a loaded optimizer has forgotten which variables are free of weight decay.
    model.set_weights(stored.get_weights())
    model.optimizer.build(model.trainable_variables)
    for own, kept in zip(model.optimizer.variables, stored.optimizer.variables, strict=True):
        own.assign(kept)
    return state, model


def _train_epoch(config: TrainingConfig, data: Data, model: keras.Model, state: RunState) -> None:
    size = config.size_at(progress(config, state))
    films = data.manifest.of_split("train", without_sources=config.left_out_sources)
    inputs = load_all(films, images=data.images, size=size, cache=data.cache, finder=data.finder)
    weights = sampling_weights(inputs.films, source_exponent=config.source_exponent)
    batches = Batches(inputs, _targets(config, inputs.films), weights, config=config, epoch=state.epoch)
    began = time.monotonic()
    fitted = model.fit(
        batches.pipeline(),
        initial_epoch=state.epoch,
        epochs=state.epoch + 1,
        # A bar for a person at a terminal, a line an epoch for a log file.
        verbose=1 if sys.stdout.isatty() else 2,
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
    if state.epoch % config.validate_every == 0 or progress(config, state) >= 1.0:
        entry |= _validate(config, data, model, size=size)
        better = entry["validation_loss"] < state.best_loss
        state.best_loss = min(entry["validation_loss"], state.best_loss)
        state.validations_since_best = 0 if better else state.validations_since_best + 1
    state.history.append(entry)
    print(json.dumps(entry), flush=True)


def _validate(config: TrainingConfig, data: Data, model: keras.Model, *, size: int) -> dict[str, float]:
    films = data.manifest.of_split("validation", without_sources=config.left_out_sources)
    inputs, films = load_inputs(films, images=data.images, size=size, cache=data.cache, finder=data.finder)
    logits = model.predict(inputs[..., np.newaxis].astype(np.float32) / 255.0, batch_size=64, verbose=0)
    targets = _targets(config, films)
    right = logits.argmax(axis=1) == targets
    recalls = [float(right[targets == index].mean()) for index in np.unique(targets)]
    return {
        "validation_loss": negative_log_likelihood(logits, targets, temperature=1.0),
        "validation_accuracy": float(right.mean()),
        "validation_balanced_accuracy": float(np.mean(recalls)),
    }


def _targets(config: TrainingConfig, films: list[Film]) -> NDArray[np.int64]:
    return np.array([config.labels.index(film.label) for film in films], dtype=np.int64)


def _log_curves(run: Path, state: RunState) -> None:
    # TensorBoard appends a file per sitting; it shows them as one curve.
    writer = Writer(str(run / "tensorboard"))
    for name, value in state.history[-1].items():
        writer.add_scalar(name, value, step=state.epoch)
    writer.close()


def _checkpoint(run: Path, state: RunState) -> Path:
    return run / f"checkpoint-{state.epoch:05d}.keras"


def _save(config: TrainingConfig, model: keras.Model, state: RunState, run: Path) -> None:
    # The state names its checkpoint, so that a stop between the two writes leaves the older pair whole.
    model.save(_checkpoint(run, state))
    if config.patience and "validation_loss" in state.history[-1] and not state.validations_since_best:
        shutil.copyfile(_checkpoint(run, state), run / BEST)
    partial = run / "state.partial.json"
    partial.write_text(json.dumps(state.__dict__))
    os.replace(partial, run / STATE)
    for old in run.glob("checkpoint-*.keras"):
        if old != _checkpoint(run, state):
            old.unlink()
