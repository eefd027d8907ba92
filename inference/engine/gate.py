"""The gate before the model: what is not a readable frontal chest X-ray gets no answer, and is told why."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.engine.preprocess import to_input

TEMPLATE_SIDE = 32

# What each reason code says to a person.
REASONS = {
    "too_small": "the picture is too small for the model",
    "absurd_aspect": "the picture is far too long for its width to be a chest X-ray",
    "blank": "the picture is blank or almost so",
    "inverted": "the picture looks inverted: bright lungs, dark bones",
    "not_frontal_chest": "the picture does not look like a frontal chest X-ray",
    "unfamiliar": "the picture is unlike the films the model learned from",
}

_SMALLEST_SIDE = 96
_LARGEST_ASPECT = 2.2
_LEAST_CONTRAST = 0.02


@dataclass(frozen=True)
class GateLimits:
    """Limits chosen on validation films: least likeness to the mean chest, largest embedding distance."""

    least_likeness: float
    most_negative_likeness: float
    largest_distance: float


@dataclass(frozen=True)
class GateStatistics:
    """What the training films look like: the mean chest, and their embeddings as a Gaussian in `axes`."""

    template: NDArray[np.float32]
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    variances: NDArray[np.float32]
    rest_variance: NDArray[np.float32]

    def write(self, path: Path) -> None:
        """Write to an .npz file."""
        np.savez_compressed(path, allow_pickle=False, **vars(self))

    @classmethod
    def read(cls, path: Path) -> "GateStatistics":
        """Read what `write` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{name: stored[name] for name in stored.files})


def picture_refusal(pixels: NDArray[np.float32], *, limits: GateLimits, statistics: GateStatistics) -> str | None:
    """Why a picture is refused before the network sees it, as a code of `REASONS`, or None.

    pixels: (H, W) float32 in 0..1 as read. The checks: size, aspect, contrast, and likeness to the mean chest.
    """
    height, width = pixels.shape
    if min(height, width) < _SMALLEST_SIDE:
        return "too_small"
    if max(height, width) > _LARGEST_ASPECT * min(height, width):
        return "absurd_aspect"
    low, high = np.percentile(pixels[:: max(height // 256, 1), :: max(width // 256, 1)], (2, 98))
    if high - low < _LEAST_CONTRAST:
        return "blank"
    return _likeness_refusal(likeness(pixels, statistics.template), limits)


def _likeness_refusal(found: float, limits: GateLimits) -> str | None:
    if found < limits.most_negative_likeness:
        return "inverted"
    return "not_frontal_chest" if found < limits.least_likeness else None


def likeness(pixels: NDArray[np.float32], template: NDArray[np.float32]) -> float:
    """Correlation of a picture, preprocessed to 32 px, with the mean chest: -1..1, below 0 for an inverted film."""
    found = to_input(pixels, size=TEMPLATE_SIDE)[..., 0].ravel()
    spread = found.std() * template.std()
    if spread == 0:
        return 0.0
    return float(((found - found.mean()) * (template.ravel() - template.mean())).mean() / spread)


def distance(embeddings: NDArray[np.floating], statistics: GateStatistics) -> NDArray[np.float64]:
    """How far embeddings lie from the training films': Mahalanobis distance of a probabilistic PCA.

    embeddings: (n, channels). Returns (n,), about 1 for training films.
    Source: Lee et al., arXiv 1807.03888; Tipping and Bishop, Probabilistic principal component analysis, 1999.
    """
    centred = embeddings.astype(np.float64) - statistics.mean
    inside = centred @ statistics.axes.T
    rest = np.maximum((centred**2).sum(axis=1) - (inside**2).sum(axis=1), 0.0)
    squared = (inside**2 / statistics.variances).sum(axis=1) + rest / statistics.rest_variance
    result: NDArray[np.float64] = np.sqrt(squared / embeddings.shape[1])
    return result


def fit_statistics(
    template: NDArray[np.float32], embeddings: NDArray[np.floating], *, axes: int = 48
) -> GateStatistics:
    """Fit the gate on training films.

    template: (32, 32) mean of the preprocessed films. embeddings: (n, channels). axes: principal directions kept.
    """
    values = embeddings.astype(np.float64)
    mean = values.mean(axis=0)
    centred = values - mean
    spread, directions = np.linalg.eigh(centred.T @ centred / len(values))
    axes = min(axes, len(spread) - 1)
    rest = max(float(spread[:-axes].mean()), 1e-9)
    return GateStatistics(
        template=template.astype(np.float32),
        mean=mean.astype(np.float32),
        axes=directions[:, -axes:].T.astype(np.float32),
        variances=np.maximum(spread[-axes:], 1e-9).astype(np.float32),
        rest_variance=np.full(1, rest, dtype=np.float32),
    )
