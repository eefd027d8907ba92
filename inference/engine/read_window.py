"""Stored values to shown grey: window, VOI look-up table, or a stated stretch where the file says nothing usable."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_voi

Grey = NDArray[np.float32]
Values = NDArray[Any]  # stored or rescaled: whatever number type the file has
Mask = NDArray[np.bool_]

# The outermost thousandths are markers, collimator edges and dead pixels.
_LOW, _HIGH = 0.1, 99.9
# A window that leaves the middle 98 % of the film within three of 255 greys shows nothing.
_LEAST_CONTRAST = 3 / 255
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


def present(values: Values, dataset: Dataset, shown: Mask | None) -> tuple[Grey, str]:
    """Show a DICOM film as its sender meant it; use it behind the modality transformation.

    A VOI look-up table goes before a window (it was made for this film), the first of several is taken, and one
    that is unusable or leaves the film without contrast gives way to `stretch`, which the words then say.

    values: (H, W). dataset: for its VOI module. shown: False where padding lies.
    Returns (pixels (H, W) float32 0..1, the mapping in words). Source: PS3.3 section C.11.2.
    """
    for attempt in (_by_table, _by_window):
        found = attempt(values, dataset)
        if found is None:
            continue
        pixels, words = found
        low, high = percentiles(pixels, (1, 99), shown)
        if high - low >= _LEAST_CONTRAST:
            return pixels, words
        return _instead(words, values, shown)
    if "WindowCenter" in dataset or "VOILUTSequence" in dataset:
        return _instead("an unusable window", values, shown)
    if values.dtype == np.uint8 and dataset.BitsStored == 8:
        # Eight bits without a window come from something already made for display.
        return as_stored(values, bits=8), AS_STORED
    return stretch(values, shown=shown)


def _instead(words: str, values: Values, shown: Mask | None) -> tuple[Grey, str]:
    pixels, stretched = stretch(values, shown=shown)
    return pixels, f"{words} shows nothing, set aside; {stretched.removeprefix('no window stated: ')}"


def _by_table(values: Values, dataset: Dataset) -> tuple[Grey, str] | None:
    try:
        descriptor = dataset.VOILUTSequence[0].LUTDescriptor
        whole = np.rint(values).astype(np.int32) if values.dtype.kind == "f" else values
        # The third value is the depth of the table's entries (PS3.3 C.11.2.1.1).
        pixels = as_stored(apply_voi(whole, dataset), bits=int(descriptor[2]))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, NotImplementedError, OverflowError):
        return None  # absent, or not a table: the window is asked next
    return pixels, "VOI look-up table"


def _by_window(values: Values, dataset: Dataset) -> tuple[Grey, str] | None:
    centre, width = _first(dataset, "WindowCenter"), _first(dataset, "WindowWidth")
    function = str(dataset.get("VOILUTFunction") or "LINEAR")
    least = 1.0 if function == "LINEAR" else 1e-6  # C.11.2.1.2.1: width >= 1; C.11.2.1.3: > 0
    if centre is None or width is None or width < least:
        return None
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        return None
    pixels = window(values, centre=centre, width=width, function=function)
    return pixels, f"window centre {centre:g}, width {width:g} ({function})"


def _first(dataset: Dataset, keyword: str) -> float | None:
    try:
        value = dataset.get(keyword)
        number = float(value[0] if isinstance(value, (list, tuple)) or hasattr(value, "append") else value)
    except (IndexError, TypeError, ValueError):
        return None  # empty or not a number
    return number if math.isfinite(number) else None
