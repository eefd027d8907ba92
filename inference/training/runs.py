"""A run's folder: what it began with, where it stands, its checkpoints; and what it refuses to go on with."""

import json
import math
import os
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from inference.engine.bundle import LUNGS, sha256_of
from inference.training.config import TrainingConfig
from inference.training.dataset import Manifest
from inference.training.errors import BadRun

CONFIG, STATE, BEST = "config.json", "state.json", "best.keras"
MANIFEST = "manifest.sha256"


@dataclass
class RunState:
    """Where a run stands: epochs done, seconds trained over all sittings, the curve so far, and its best validation.

    group_shares: share of the draw that each (label, source) group has, where the run changes it.
    """

    epoch: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    best_loss: float = math.inf
    validations_since_best: int = 0
    group_shares: dict[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, run: Path) -> "RunState":
        """Where the run in this folder stands; a run without a checkpoint stands at its beginning."""
        return cls(**json.loads((run / STATE).read_text())) if (run / STATE).exists() else cls()


def settle(config: TrainingConfig, *, run: Path, manifest: Manifest, finder: Path | None) -> TrainingConfig:
    """The record that a sitting trains by; use before anything is written into the run's folder.

    config: what was asked for. finder: the lung finder's weights; None for whole films, or for the run's own finder.
    Returns `config` with the hashes of its files for a new run, the run's own record for one that has begun.
    Raises BadRun when a run that has begun is given another manifest, finder or setting than its own, or a file is
    missing.
    """
    named = _hash_of(finder, "a lung finder's weights")
    if not (run / CONFIG).exists():
        initial = _hash_of(config.initial_file, "weights to start from")
        return replace(config, finder_sha256=named, initial_sha256=initial)
    own = TrainingConfig.read(run / CONFIG)
    refuse_other_manifest(run, manifest)
    if finder is not None and named != own.finder_sha256:
        raise BadRun(
            expected=f"{_of_finder(own.finder_sha256)} in {run}, with which it began",
            received=f"{_of_finder(named)} at {finder}",
            remedy="Leave --finder out, or begin another run",
        )
    _refuse_other_settings(own, config, run)
    if own.initial_sha256 and not (run / STATE).exists():
        _refuse_other_start(own, run)
    return own


def _refuse_other_start(own: TrainingConfig, run: Path) -> None:
    # Before the first checkpoint the run reads them again.
    received = _hash_of(own.initial_file, "weights to start from")
    if received != own.initial_sha256:
        raise BadRun(
            expected=f"weights {own.initial_sha256[:12]} at {own.initial_weights}, with which {run} began",
            received=received[:12],
            remedy="Put them back, or begin another run",
        )


def _refuse_other_settings(own: TrainingConfig, asked: TrainingConfig, run: Path) -> None:
    recorded = asdict(own)
    for name, value in asdict(asked).items():
        if name not in ("finder_sha256", "initial_sha256") and value != recorded[name]:
            raise BadRun(
                expected=f"{name} {recorded[name]}, with which {run} began",
                received=f"{value}",
                remedy="Leave that option out to go on with the run, or begin another one",
            )


def _hash_of(path: Path | None, words: str) -> str:
    if path is None:
        return ""
    try:
        return sha256_of(path)
    except OSError as error:
        raise BadRun(
            expected=f"{words} at {path}", received=error.strerror or str(error), remedy="Correct the path"
        ) from error


def _of_finder(sha256: str) -> str:
    return f"the lung finder {sha256[:12]}" if sha256 else "no lung finder"


def begin(config: TrainingConfig, *, run: Path, manifest: Manifest, finder: Path | None) -> None:
    """Make the folder of a new run; a run that has begun stays as it is. config: as `settle` gave it."""
    if (run / CONFIG).exists():
        return
    run.mkdir(parents=True, exist_ok=True)
    if finder is not None:
        _copy(finder, run / LUNGS)
    (run / MANIFEST).write_text(manifest.sha256 + "\n")
    # Last, because its presence is what says that the run has begun.
    config.write(run / CONFIG)


def refuse_other_manifest(run: Path, manifest: Manifest) -> None:
    """Raise BadRun when a run learned from another manifest: its training films may be another's test films."""
    recorded = (run / MANIFEST).read_text().strip() if (run / MANIFEST).exists() else manifest.sha256
    if recorded != manifest.sha256:
        raise BadRun(
            expected=f"the manifest {recorded[:12]} that {run} learns from",
            received=f"{manifest.sha256[:12]}",
            remedy="Name the run's own manifest, or begin another run",
        )


def finder_of(run: Path) -> Path | None:
    """The lung finder's weights that a run's films are cropped with, None for whole films.

    Raises BadRun when they are not the ones that the run began with.
    """
    recorded = TrainingConfig.read(run / CONFIG).finder_sha256
    if not recorded:
        return None
    received = _hash_of(run / LUNGS, "the run's lung finder")
    if received != recorded:
        raise BadRun(
            expected=f"{_of_finder(recorded)} in {run}, with which it began",
            received=_of_finder(received),
            remedy=f"Put the file with that SHA-256 back as {run / LUNGS}",
        )
    return run / LUNGS


def checkpoint(run: Path, state: RunState) -> Path:
    """The file of the network and optimizer at this state."""
    return run / f"checkpoint-{state.epoch:05d}.keras"


def save(model: Any, state: RunState, run: Path, *, is_best: bool) -> None:
    """Keep a run's state with its checkpoint, in place of the last; `is_best` keeps it as the best so far as well."""
    # The state names its checkpoint, so that a stop between the two writes leaves the older pair whole.
    model.save(checkpoint(run, state))
    if is_best:
        _copy(checkpoint(run, state), run / BEST)
    partial = run / "state.partial.json"
    partial.write_text(json.dumps(asdict(state)))
    os.replace(partial, run / STATE)
    for old in run.glob("checkpoint-*.keras"):
        if old != checkpoint(run, state):
            old.unlink()


def _copy(source: Path, target: Path) -> None:
    partial = target.with_name(f"partial-{target.name}")
    shutil.copyfile(source, partial)
    partial.replace(target)
