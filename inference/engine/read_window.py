"""Values to shown grey: a DICOM window, a stated stretch, or as they are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]
Values = NDArray[Any]  # stored or rescaled: whatever number type the file has
Mask = NDArray[np.bool_]

# The outermost thousandths are markers, collimator edges and dead pixels.
_LOW, _HIGH = 0.1, 99.9
_SAMPLE = 1_000_000

AS_STORED = "8 bits as stored"


def stretch(values: Values, *, shown: Mask | None = None) -> tuple[Grey, str]:
    """Map the 0.1 and 99.9 percentiles to black and white; use it where no window is stated.

    values: (H, W) numbers of any range. shown: which pixels count, default all.
    Returns (pixels (H, W) float32 0..1, the mapping in words); a constant picture becomes black.
    """
    low, high = percentiles(values, (_LOW, _HIGH), shown)
    words = f"no window stated: {low:g} to {high:g} stretched (percentiles {_LOW} and {_HIGH})"
    if high <= low:
        return np.zeros(values.shape, dtype=np.float32), words
    scaled = (values.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    return np.clip(scaled, 0, 1), words


def as_stored(values: Values, *, bits: int) -> Grey:
    """Show values that were made for display as they are; use it for 8 bits and for tables of a stated depth.

    values: (H, W) in 0..2**bits - 1. Returns (H, W) float32 in 0..1.
    """
    return np.clip(values.astype(np.float32) / np.float32(2.0**bits - 1), 0, 1)


def percentiles(values: Values, points: tuple[float, float], shown: Mask | None) -> tuple[float, float]:
    """Two percentiles of the shown pixels, over an even sample of at most a million: exact enough for a display."""
    counted = values[shown] if shown is not None and shown.any() else values.ravel()
    low, high = np.percentile(counted[:: max(1, counted.size // _SAMPLE)], points)
    return float(low), float(high)


def window(values: Values, *, centre: float, width: float, function: str = "LINEAR") -> Grey:
    """Apply one DICOM window; use it on values behind the modality transformation.

    values: (H, W), any unit. centre, width: in that unit. function: LINEAR, LINEAR_EXACT or SIGMOID.
    Returns (H, W) float32 in 0..1. Source: PS3.3 section C.11.2.1.2.1 and C.11.2.1.3.
    """
    x = values.astype(np.float32)
    if function == "SIGMOID":
        return np.float32(1) / (1 + np.exp(np.clip(-4 * (x - centre) / width, -80, 80), dtype=np.float32))
    if function == "LINEAR_EXACT":
        return np.clip((x - centre) / width + 0.5, 0, 1).astype(np.float32)
    if width == 1:
        return (x > centre - 0.5).astype(np.float32)
    return np.clip((x - (centre - 0.5)) / (width - 1) + 0.5, 0, 1).astype(np.float32)
