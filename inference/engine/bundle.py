"""A bundle: the folder a trained model is made of. Its card names every file's SHA-256; loading checks them all."""

import hashlib
import json
import shutil
import tempfile
import zipfile
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine import preprocess
from inference.engine.calibrate import SelectiveRule
from inference.engine.errors import BadBundle
from inference.engine.gate import GateLimits, GateStatistics

DEFAULT_BUNDLE = Path(__file__).resolve().parent.parent / "bundles" / "resnet50-v2"
CARD, WEIGHTS, GATE, LUNGS = "card.json", "weights.npz", "gate.npz", "lungs.npz"
# What was measured of the bundle, kept in it; it serves without them.
EVALUATION, LEFT_OUT = "evaluation.json", "left_out.json"
# Logits of the films that siblings never saw: what a rule for unfamiliar films is fitted on.
LOGITS_OUTSIDE = "left_out.npz"
HEAD_KERNEL = "logits/kernel"


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a bundle is; card.json holds exactly these fields."""

    name: str
    architecture: str
    labels: tuple[str, ...]
    input_size: int
    preprocess_version: str
    temperature: float
    selective_rule: SelectiveRule
    gate_limits: GateLimits
    # Whether each film is read mirrored too, and the two answers averaged.
    mirrored: bool = False
    files: dict[str, str] = field(default_factory=dict)
    manifest_sha256: str = ""
    code_commit: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)

    @property
    def weights_sha256(self) -> str:
        """The bundle's identity."""
        return self.files[WEIGHTS]

    @property
    def reads_lungs_only(self) -> bool:
        """Whether films are cropped to their lungs by a finder that lies in the bundle."""
        return self.preprocess_version == preprocess.LUNGS_ONLY


def load_card(bundle_dir: Path) -> Card:
    """Read a bundle's card and check the bundle against it; use before anything else of a bundle.

    Raises BadBundle for a missing or changed file, a card that is not one, a label count that is not the head's, or
    another version of preprocessing than this engine's.
    """
    card = read_card(bundle_dir / CARD)
    if card.preprocess_version not in preprocess.VERSIONS:
        raise _bad(f"preprocessing among {preprocess.VERSIONS}", card.preprocess_version)
    for name in (WEIGHTS, GATE, *((LUNGS,) if card.reads_lungs_only else ())):
        if name not in card.files:
            raise _bad(f"{name} among the files of {bundle_dir / CARD}", "a card without it")
    for name, expected in card.files.items():
        if not (bundle_dir / name).is_file():
            raise _bad(f"the file {name} in {bundle_dir}", "no such file")
        received = sha256_of(bundle_dir / name)
        if received != expected:
            raise _bad(f"{name} with SHA-256 {expected}", received)
    weights = load_weights(bundle_dir)
    if HEAD_KERNEL not in weights:
        raise _bad(f"{HEAD_KERNEL} in {bundle_dir / WEIGHTS}", f"other variables: {sorted(weights)[:4]}")
    outputs = weights[HEAD_KERNEL].shape[1]
    if outputs != len(card.labels):
        raise _bad(f"{outputs} labels, one per output of the head", f"{len(card.labels)}: {card.labels}")
    return card


def _bad(expected: str, received: str) -> BadBundle:
    return BadBundle(
        expected=expected, received=received, remedy="Restore the bundle from where it was made, or register another"
    )


def read_card(path: Path) -> Card:
    """Read a card alone, its bundle unchecked; to show what a version says of itself. Raises BadBundle."""
    try:
        found = json.loads(path.read_text())
        found["labels"] = tuple(found["labels"])
        found["selective_rule"] = SelectiveRule(**found["selective_rule"])
        found["gate_limits"] = GateLimits.of(found["gate_limits"])
        return Card(**found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _bad(f"a bundle's card at {path}", f"{type(error).__name__}: {error}") from error


def write_card(card: Card, bundle_dir: Path) -> Card:
    """Write card.json with the SHA-256 of every other file in the folder; returns the card as written."""
    names = sorted(path.name for path in bundle_dir.iterdir() if path.is_file() and path.name != CARD)
    written = Card(**{**vars(card), "files": {name: sha256_of(bundle_dir / name) for name in names}})
    (bundle_dir / CARD).write_text(json.dumps(asdict(written), indent=2) + "\n")
    return written


def write_bundle(
    bundle_dir: Path,
    card: Card,
    *,
    weights: dict[str, NDArray[np.float32]],
    statistics: GateStatistics,
    finder: Path | None = None,
) -> Card:
    """Write a new bundle, whole or not at all; use at the end of training.

    weights: the network's variables by path, stored by `pack`. finder: the lung finder's weights, for a network that
    reads films cropped by it. Returns the card with the files' hashes.
    Raises BadBundle when the folder holds something already: what was measured of one bundle is not true of another.
    """
    refuse_occupied(bundle_dir)
    bundle_dir.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".bundle-", dir=bundle_dir.parent))
    try:
        if finder is not None:
            shutil.copyfile(finder, partial / LUNGS)
        np.savez(partial / WEIGHTS, allow_pickle=False, **pack(weights))
        statistics.write(partial / GATE)
        written = write_card(card, partial)
        # A temporary folder is its maker's alone; the workers may run as another user.
        partial.chmod(0o755)
        partial.rename(bundle_dir)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return written


def refuse_occupied(bundle_dir: Path) -> None:
    """Raise BadBundle when a folder for a new bundle is not empty; use it before the work of making one."""
    if bundle_dir.exists() and (not bundle_dir.is_dir() or any(bundle_dir.iterdir())):
        raise BadBundle(
            expected=f"no folder yet, or an empty one, at {bundle_dir}",
            received="one that holds something",
            remedy="Name another folder, or remove that one",
        )


def pack(weights: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.floating]]:
    """Weights as stored: kernels in float16; vectors (biases, batch-norm) in float32, since moving variances overflow.

    Raises ValueError when a kernel does not fit float16.
    """
    packed: dict[str, NDArray[np.floating]] = {}
    for name, value in weights.items():
        stored = value.astype(np.float16) if value.ndim > 1 else value.astype(np.float32)
        if not np.isfinite(stored).all():
            raise ValueError(f"Expected finite weights in {name}; received one beyond float16. Train again.")
        packed[name] = stored
    return packed


def load_weights(bundle_dir: Path) -> dict[str, NDArray[np.float32]]:
    """The stored weights by variable path, as float32; raises BadBundle when the file is no such archive."""
    return {name: value.astype(np.float32) for name, value in read_arrays(bundle_dir / WEIGHTS).items()}


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of an .npz file by name, as stored; raises BadBundle when it is no such archive."""
    try:
        # Opened here, because NumPy leaves a file open that it cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    # A single array (.npy) cannot be opened in a `with`: TypeError. A cut file: BadZipFile, or zlib.error within.
    except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise _bad(f"weights at {path}", f"{type(error).__name__}: {error}") from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
