"""The gate before the model: what is not a readable frontal chest X-ray gets no answer, and is told why."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.lung_looks import LungLimits, LungLooks
from inference.engine.lung_looks import oddness as lung_oddness

TEMPLATE_SIDE = 32

# What each reason code says to a person.
REASONS = {
    "too_small": "it is too small",
    "absurd_aspect": "it is far too long for its width to be a chest X-ray",
    "blank": "it is blank or almost so",
    "lateral": "it is stated to be a lateral or oblique view, and the model learned from frontal ones",
    "inverted": "it looks inverted (bright lungs, dark bones), or is no chest X-ray",
    "no_lungs": "it shows no lungs that could be found",
    "odd_lungs": "it shows lungs that do not lie as in a frontal chest X-ray: perhaps a lateral or a partial view",
    "over_cropped": "it cuts off part of the chest: the lungs reach its edge",
    "not_frontal_chest": "it does not look like the frontal chest X-rays the model learned from",
}

# View Position (0018,5101): laterals and obliques (PS3.3 C.8.11.5), and the words that older systems write.
_NOT_FRONTAL = frozenset({"LL", "RL", "LLO", "RLO", "LAT", "LATERAL"})
_SMALLEST_SIDE = 96
_LARGEST_ASPECT = 2.2
_LEAST_CONTRAST = 0.02
# Below this correlation with the mean chest a picture is nearer to its negative. Of the validation films none lies
# there, of their negatives more than 99 in 100 do.
_INVERTED = -0.3
# Chosen on pictures that are no chest X-rays: the embedding tells a little more than the mean chest.
_LIKENESS_WEIGHT = 0.6


@dataclass(frozen=True)
class GateLimits:
    """Validation films' typical likeness and log distance, their spreads, and the oddness that few of them exceed.

    lungs: the limits of what a lung finder marks; None for a bundle without one.
    """

    typical_likeness: float
    likeness_spread: float
    typical_log_distance: float
    log_distance_spread: float
    largest_oddness: float
    lungs: LungLimits | None = None

    @classmethod
    def of(cls, found: dict[str, Any]) -> "GateLimits":
        """The limits as a card's JSON has them; raises TypeError for other fields."""
        lungs = found.get("lungs")
        return cls(**{**found, "lungs": LungLimits(**lungs) if lungs else None})


@dataclass(frozen=True)
class Looks:
    """What is measured of one picture: likeness to the mean chest, distance of its embedding, and its lungs.

    lungs: None where none were found, or no finder looked.
    """

    likeness: float
    distance: float
    lungs: LungLooks | None = None


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


def view_refusal(view: str) -> str | None:
    """Why a stated view is refused, as a code of `REASONS`, or None; use it before the pixels are looked at.

    view: as the DICOM header or the sender states it; "" when nobody does. A missing view refuses nothing.
    Source: PS3.3 section C.8.11.5.
    """
    return "lateral" if view.upper() in _NOT_FRONTAL else None


def picture_refusal(pixels: NDArray[np.float32]) -> str | None:
    """Why a picture is refused before the network sees it, as a code of `REASONS`, or None.

    pixels: (H, W) float32 in 0..1 as read. The checks: size, aspect, contrast.
    """
    height, width = pixels.shape
    if min(height, width) < _SMALLEST_SIDE:
        return "too_small"
    if max(height, width) > _LARGEST_ASPECT * min(height, width):
        return "absurd_aspect"
    low, high = np.percentile(pixels[:: max(height // 256, 1), :: max(width // 256, 1)], (2, 98))
    return "blank" if high - low < _LEAST_CONTRAST else None


def chest_refusal(looks: Looks, *, limits: GateLimits) -> str | None:
    """Why a picture is refused after the network's pass, as a code of `REASONS`, or None; limits: of the bundle."""
    if looks.likeness < _INVERTED:
        return "inverted"
    odd = float(oddness(np.array([looks.likeness]), np.array([looks.distance]), limits=limits)[0])
    # Written so that a distance that is not a number refuses.
    if not odd <= limits.largest_oddness:
        return "not_frontal_chest"
    return _lung_refusal(looks.lungs, limits.lungs) if limits.lungs else None


def _lung_refusal(looks: LungLooks | None, limits: LungLimits) -> str | None:
    if looks is None:
        return "no_lungs"
    if not lung_oddness(looks, limits) <= limits.largest_oddness:
        return "odd_lungs"
    return "over_cropped" if looks.at_edge > limits.largest_at_edge else None


def oddness(
    likenesses: NDArray[np.float64], distances: NDArray[np.float64], *, limits: GateLimits
) -> NDArray[np.float64]:
    """Likeness below the typical and log distance above it, (n,) each, summed in units of their spreads."""
    unlike = (limits.typical_likeness - likenesses) / limits.likeness_spread
    far = (np.log(np.maximum(distances, 1e-9)) - limits.typical_log_distance) / limits.log_distance_spread
    result: NDArray[np.float64] = _LIKENESS_WEIGHT * unlike + far
    return result


def fit_limits(likenesses: NDArray[np.float64], distances: NDArray[np.float64], *, refused_share: float) -> GateLimits:
    """Limits that refuse `refused_share` (0..1) of the validation films they are fitted on, (n,) values each."""
    log_distances = np.log(np.maximum(distances, 1e-9))
    open_limits = GateLimits(
        typical_likeness=float(np.median(likenesses)),
        likeness_spread=max(float(likenesses.std()), 1e-6),
        typical_log_distance=float(np.median(log_distances)),
        log_distance_spread=max(float(log_distances.std()), 1e-6),
        largest_oddness=float("inf"),
    )
    odd = oddness(likenesses, distances, limits=open_limits)
    return replace(open_limits, largest_oddness=float(np.quantile(odd, 1 - refused_share)))


def likeness(inputs: NDArray[np.float32], template: NDArray[np.float32]) -> float:
    """Correlation of a network input (size, size, 1) with the mean chest (32, 32): -1..1, negative when inverted."""
    found = shrink(inputs).ravel()
    spread = found.std() * template.std()
    if spread == 0:
        return 0.0
    return float(((found - found.mean()) * (template.ravel() - template.mean())).mean() / spread)


def shrink(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """A network input (size, size, 1) as (32, 32), for likeness and for the mean chest."""
    small = Image.fromarray(inputs[..., 0]).resize((TEMPLATE_SIDE, TEMPLATE_SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)


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
