"""What a training run is: every number that shapes it, in one frozen record kept beside its checkpoints."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from inference.engine.bundle import WEIGHTS
from inference.engine.labels import LABELS

# What `initial_weights` may be beside a path.
NO_WEIGHTS, IMAGENET = "none", "imagenet"
# Of shares written with two digits.
_ROUNDING = 0.02


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """One training run; stored as config.json in the run's folder, and read back to resume it.

    Either `epochs` or `minutes` bounds the run. With `epochs` a resumed run repeats exactly what an unbroken
    one does; with `minutes` the schedule follows the seconds spent training, over all sittings.
    """

    network: str = "resnet50"
    labels: tuple[str, ...] = LABELS
    # (side in pixels, share of the run): small pictures first, because most of what a network from
    # scratch learns early needs no detail (Howard and Gugger's progressive resizing).
    stages: tuple[tuple[int, float], ...] = ((64, 0.5), (96, 0.5))
    batch: int = 48
    steps_per_epoch: int = 150
    epochs: int | None = None
    minutes: float | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warm_up: float = 0.03
    label_smoothing: float = 0.05
    # Of the beta distribution that two films are blended by; 0 blends none.
    mix_up: float = 0.0
    # The weights kept are a running mean over about 1 / (1 - this) steps; 0 keeps the last ones.
    weight_average: float = 0.0
    optimizer: str = "adamw"
    # Penalty on squared kernels in the loss; AdamW's own decay is the better choice where there is one.
    l2: float = 0.0
    # "none", "imagenet", or the path of a bundle (or its weights.npz) to start from.
    initial_weights: str = NO_WEIGHTS
    # SHA-256 of those weights, when they are a file.
    initial_sha256: str = ""
    # SHA-256 of the lung finder's weights that films are cropped with; empty for whole films.
    finder_sha256: str = ""
    # Stop when the validation loss has not fallen for so many validations; 0 never stops early.
    patience: int = 0
    # A source's weight within its class is its count to this power: 0 makes sources equal, 1 leaves them as found.
    source_exponent: float = 0.5
    # How fast a (label, source) group is drawn more often where validation goes worse; 0 leaves the draw as it is.
    group_robust: float = 0.0
    left_out_sources: tuple[str, ...] = ()
    validate_every: int = 4
    precision: str = "mixed_bfloat16"
    jit: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        if (self.epochs is None) == (self.minutes is None):
            raise ValueError("Expected epochs or minutes; received both or neither. Give exactly one of them.")
        if not (self.epochs or self.minutes or 0) > 0:
            raise ValueError(f"Expected a budget above 0; received {self.epochs or self.minutes}. Give it more.")
        if not self.stages or abs(sum(share for _, share in self.stages) - 1.0) > _ROUNDING:
            raise ValueError(f"Expected stages whose shares sum to 1; received {self.stages}. Correct the shares.")

    @property
    def initial_file(self) -> Path | None:
        """The file of weights that the run starts from; None for none, and for ImageNet's."""
        if self.initial_weights in (NO_WEIGHTS, IMAGENET):
            return None
        path = Path(self.initial_weights)
        return path / WEIGHTS if path.is_dir() else path

    @property
    def final_size(self) -> int:
        """Side in pixels of the last stage, which is the bundle's input size."""
        return self.stages[-1][0]

    def size_at(self, progress: float) -> int:
        """Side in pixels of the stage in force at `progress` (0..1 of the run)."""
        end = 0.0
        for size, share in self.stages:
            end += share
            if progress < end - 1e-9:
                return size
        return self.final_size

    def write(self, path: Path) -> None:
        """Write the record as JSON to `path`, whole or not at all."""
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> "TrainingConfig":
        """Read what `write` wrote."""
        found = json.loads(path.read_text())
        found["stages"] = tuple((int(size), float(share)) for size, share in found["stages"])
        for name in ("labels", "left_out_sources"):
            found[name] = tuple(found[name])
        return cls(**found)
