"""Trains a network from a manifest: staged sizes, cosine schedule, checkpoints a stopped run resumes from."""

import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tensorboard.summary import Writer

from inference.engine import network
from inference.engine.calibrate import negative_log_likelihood
from inference.training import robust
from inference.training.batches import Batches
from inference.training.config import NO_WEIGHTS, TrainingConfig
from inference.training.dataset import Film, Manifest, sampling_weights
from inference.training.errors import BadRun
from inference.training.inputs import Inputs, load_all
from inference.training.learner import new_model, two_outputs
from inference.training.runs import BEST, CONFIG, STATE, RunState, begin, checkpoint, finder_of, save, settle

UNREADABLE = "unreadable.json"
_VALIDATED_AT_ONCE = 64


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

    data: a run that has begun needs no finder named, it has its own. networks: a table of one's own. stop_after: end
    this sitting after so many epochs (the checkpoint stays).
    Returns the two-output network with its last weights. Writes config.json, state.json, the finder, the unreadable
    films, a checkpoint an epoch, and curves for TensorBoard in `run`/tensorboard.
    Raises, before anything is written: BadRun for what is not the run's own, UnreadableImage for more than 1 % of
    unreadable films, BadBundle for weights to start from that do not fit.
    """
    config = settle(config, run=run, manifest=data.manifest, finder=data.finder)
    state, model = _start_or_resume(config, run, networks)
    if _has_ended(config, state):
        return two_outputs(model)
    data = replace(data, finder=finder_of(run) if (run / CONFIG).exists() else data.finder)
    unreadable = _prepare(config, data, state)
    begin(config, run=run, manifest=data.manifest, finder=data.finder)
    (run / UNREADABLE).write_text(json.dumps(unreadable, indent=2) + "\n")
    # The run's own copy, because the other file may be trained anew before the run has ended.
    data = replace(data, finder=finder_of(run))
    first = state.epoch
    while not _has_ended(config, state) and (stop_after is None or state.epoch - first < stop_after):
        is_best = _train_epoch(config, data, model, state)
        _log_curves(run, state)
        save(model, state, run, is_best=is_best and bool(config.patience))
    return two_outputs(model)


def load_run(run: Path) -> tuple[TrainingConfig, RunState, keras.Model]:
    """The config, state and two-output network of a run's last checkpoint, or of its best where it may stop early.

    Raises BadRun when the run has no checkpoint.
    """
    if not (run / STATE).exists():
        raise BadRun(expected=f"a trained run in {run}", received=f"no {STATE}", remedy="Train it for an epoch first")
    config, state = TrainingConfig.read(run / CONFIG), RunState.read(run)
    return config, state, two_outputs(_stored(run / BEST if (run / BEST).exists() else checkpoint(run, state)))


def _stored(path: Path) -> Any:
    if not path.exists():
        raise BadRun(expected=f"the checkpoint {path}", received="no such file", remedy="Restore it, or train anew")
    return keras.models.load_model(path)


def _has_ended(config: TrainingConfig, state: RunState) -> bool:
    impatient = bool(config.patience) and state.validations_since_best >= config.patience
    return impatient or progress(config, state) >= 1.0


def _start_or_resume(
    config: TrainingConfig, run: Path, networks: Mapping[str, network.Body] | None
) -> tuple[RunState, keras.Model]:
    if not (run / STATE).exists():
        return RunState(), new_model(config, networks)
    # The checkpoint has the weights: what the run began from is no longer needed, and may be gone.
    model = new_model(replace(config, initial_weights=NO_WEIGHTS), networks)
    state = RunState.read(run)
    stored = _stored(checkpoint(run, state))
    # Values only: a loaded optimizer has forgotten which variables are free of weight decay.
    model.set_weights(stored.get_weights())
    model.optimizer.build(model.trainable_variables)
    for own, kept in zip(model.optimizer.variables, stored.optimizer.variables, strict=True):
        own.assign(kept)
    return state, model


def _prepare(config: TrainingConfig, data: Data, state: RunState) -> dict[str, list[str]]:
    """Both splits at the sitting's first size, so that a broken data folder shows now; the unreadable films of each."""
    unreadable = {}
    for split in ("train", "validation"):
        films = data.manifest.of_split(split, without_sources=config.left_out_sources)
        if not films:
            raise BadRun(
                expected=f"films to use for {split}",
                received=f"none in the manifest without {config.left_out_sources}",
                remedy="Leave fewer sources out, or import the data again",
            )
        kept = set(split_inputs(config, data, split, size=config.size_at(progress(config, state))).films)
        unreadable[split] = [film.file for film in films if film not in kept]
        if unreadable[split]:
            print(f"{split}: {len(unreadable[split])} of {len(films)} films cannot be read; {UNREADABLE} lists them")
    return unreadable


def split_inputs(config: TrainingConfig, data: Data, split: str, *, size: int) -> Inputs:
    """The films of one split as a run reads them: less the sources left out, cropped by its finder, at `size` px."""
    films = data.manifest.of_split(split, without_sources=config.left_out_sources)
    return load_all(films, images=data.images, size=size, cache=data.cache, finder=data.finder)


def _train_epoch(config: TrainingConfig, data: Data, model: keras.Model, state: RunState) -> bool:
    """Train one epoch and bring `state` up to date; returns whether its validation was the best so far."""
    size = config.size_at(progress(config, state))
    inputs = split_inputs(config, data, "train", size=size)
    weights = sampling_weights(inputs.films, source_exponent=config.source_exponent)
    if config.group_robust:
        state.group_shares = state.group_shares or robust.group_shares(inputs.films, weights)
        weights = robust.with_shares(inputs.films, weights, state.group_shares)
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
    _refuse_divergence(model, entry["loss"], config, state)
    state.epoch += 1
    is_best = False
    if state.epoch % config.validate_every == 0 or progress(config, state) >= 1.0:
        entry |= _validate(config, data, model, state, size=size)
        is_best = _is_best(config, state, entry["validation_loss"], size=size)
    state.history.append(entry)
    print(json.dumps(entry), flush=True)
    return is_best


def _refuse_divergence(model: keras.Model, loss: float, config: TrainingConfig, state: RunState) -> None:
    # Raised before the checkpoint is written: the last good one stays. The loss alone may look well, because a ReLU
    # may make zero of what is not a number.
    lost = [variable.path for variable in model.variables if not np.isfinite(np.asarray(variable)).all()]
    if lost or not math.isfinite(loss):
        raise BadRun(
            expected="a finite loss and finite weights",
            received=f"a loss of {loss} in epoch {state.epoch}, and no numbers in {lost[:4]}",
            remedy=f"Begin another run with a smaller --learning-rate than {config.learning_rate}",
        )


def _is_best(config: TrainingConfig, state: RunState, loss: float, *, size: int) -> bool:
    # Losses at different sizes cannot be compared, and the bundle reads films at the last one.
    if size != config.final_size:
        return False
    is_best = loss < state.best_loss
    state.best_loss = min(loss, state.best_loss)
    state.validations_since_best = 0 if is_best else state.validations_since_best + 1
    return is_best


def _validate(
    config: TrainingConfig, data: Data, model: keras.Model, state: RunState, *, size: int
) -> dict[str, float]:
    inputs = split_inputs(config, data, "validation", size=size)
    logits = _logits(model, inputs.pixels)
    targets = _targets(config, inputs.films)
    right = logits.argmax(axis=1) == targets
    recalls = [float(right[targets == index].mean()) for index in np.unique(targets)]
    found = {
        "validation_loss": negative_log_likelihood(logits, targets, temperature=1.0),
        "validation_accuracy": float(right.mean()),
        "validation_balanced_accuracy": float(np.mean(recalls)),
    }
    if config.group_robust:
        losses = robust.group_losses(inputs.films, logits, targets)
        state.group_shares = robust.raise_worst(state.group_shares, losses, rate=config.group_robust)
        found |= {f"validation_loss of {group}": loss for group, loss in losses.items()}
        found |= {f"share of {group}": share for group, share in state.group_shares.items()}
    return found


def _logits(model: keras.Model, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    # Block by block: the whole split in float32 would be some gigabytes at the larger sizes.
    blocks = [pixels[first : first + _VALIDATED_AT_ONCE] for first in range(0, len(pixels), _VALIDATED_AT_ONCE)]
    return np.concatenate(
        [model.predict_on_batch(block[..., np.newaxis].astype(np.float32) / 255.0) for block in blocks]
    )


def _targets(config: TrainingConfig, films: list[Film]) -> NDArray[np.int64]:
    return np.array([config.labels.index(film.label) for film in films], dtype=np.int64)


def _log_curves(run: Path, state: RunState) -> None:
    # TensorBoard appends a file per sitting; it shows them as one curve.
    writer = Writer(str(run / "tensorboard"))
    for name, value in state.history[-1].items():
        writer.add_scalar(name, value, step=state.epoch)
    writer.close()
