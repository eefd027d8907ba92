"""Whether what the lung finder marked lies as the lungs of a frontal film do: two, apart, alike, clear, uncut."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from inference.engine.lungs import LUNG, lung_box

Grey = NDArray[np.float32]

# A place between these chances is one that the finder is not sure of.
_UNSURE = (0.1, 0.9)
# Half the width of the middle, in shares of the box's width.
_HALF_MIDDLE = 0.06
# One strange measure alone does not make a strange film, however strange it is.
_LEAST, _MOST = -0.5, 6.0
# Chosen on the lateral films and other pictures that are no frontal chest film; the limit was not.
_WEIGHTS = np.array([1.0, 0.7, 0.5])


@dataclass(frozen=True)
class LungLooks:
    """Measures of one film's lungs.

    log_unsure: log of the area the finder is not sure of, in shares of the lungs'. middle: how far lung fills the
    middle of the box, 0..1 of its widest column. imbalance: how far the lungs' area is from half on each side, 0..0.5.
    at_edge: share of the film's outermost places that are lung.
    """

    log_unsure: float
    middle: float
    imbalance: float
    at_edge: float


@dataclass(frozen=True)
class LungLimits:
    """Typical measures and their spreads on validation films (log_unsure, middle, imbalance), and what few exceed."""

    typical: tuple[float, float, float]
    spreads: tuple[float, float, float]
    largest_oddness: float
    largest_at_edge: float


def look(lungs: Grey) -> LungLooks | None:
    """Measure the lungs found: (side, side) chance of lung over the whole film; None where there are none."""
    box = lung_box(lungs)
    if box is None:
        return None
    found = lungs >= LUNG
    unsure = float(((lungs > _UNSURE[0]) & (lungs < _UNSURE[1])).mean() / found.mean())
    columns = found.sum(axis=0)
    side = len(columns)
    centre = int((box[1] + box[3]) / 2 * side)
    reach = max(int((box[3] - box[1]) * side * _HALF_MIDDLE), 1)
    ring = np.concatenate([found[0], found[-1], found[1:-1, 0], found[1:-1, -1]])
    return LungLooks(
        log_unsure=float(np.log(max(unsure, 1e-6))),
        middle=float(columns[max(centre - reach, 0) : centre + reach + 1].mean() / columns.max()),
        imbalance=float(abs(columns[:centre].sum() / columns.sum() - 0.5)),
        at_edge=float(ring.mean()),
    )


def oddness(looks: LungLooks, limits: LungLimits) -> float:
    """How unlike a frontal film's the lungs are: measures above the typical, weighted, in units of their spreads."""
    values = np.array(astuple(looks)[:3])
    apart = (values - np.array(limits.typical)) / np.array(limits.spreads)
    return float((np.clip(apart, _LEAST, _MOST) * _WEIGHTS).sum())


def fit_lung_limits(looks: Sequence[LungLooks], *, refused_share: float) -> LungLimits:
    """Limits that refuse `refused_share` (0..1) of these validation films by oddness, a quarter of it by the edge."""
    table = np.array([astuple(one) for one in looks])
    middle, spread = np.median(table[:, :3], axis=0), np.maximum(table[:, :3].std(axis=0), 1e-6)
    limits = LungLimits(
        typical=(float(middle[0]), float(middle[1]), float(middle[2])),
        spreads=(float(spread[0]), float(spread[1]), float(spread[2])),
        largest_oddness=float("inf"),
        largest_at_edge=float(np.quantile(table[:, 3], 1 - refused_share / 4)),
    )
    odd = [oddness(one, limits) for one in looks]
    return LungLimits(
        limits.typical, limits.spreads, float(np.quantile(odd, 1 - refused_share)), limits.largest_at_edge
    )
