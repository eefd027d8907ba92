"""What a DICOM header says of showing its film: modality transformation, then VOI look-up table or window."""

import math

import numpy as np
from pydicom import Dataset

from .errors import UnreadableImage
from .read_lut import read_table
from .read_window import AS_STORED, Grey, Mask, Values, as_stored, percentiles, stretch, window

# A window that leaves the middle 98 % of the film within three of 255 greys shows nothing.
_LEAST_CONTRAST = 3 / 255


def rescaled(values: Values, dataset: Dataset) -> Values:
    """Apply the modality transformation; use it before `present`.

    A slope of 1 and an intercept of 0, which is what most films say, leave whole numbers whole.
    values: (H, W) as stored. Returns (H, W) in the modality's unit.
    Raises UnreadableImage (bad_rescale); what `read_table` raises of a broken table. Source: PS3.3 section C.11.1.
    """
    if "ModalityLUTSequence" in dataset:
        return read_table(dataset.ModalityLUTSequence[0], little=_little(dataset)).apply(values)
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    if slope == 0 or not (math.isfinite(slope) and math.isfinite(intercept)):
        raise UnreadableImage(
            code="bad_rescale",
            expected="a rescale slope other than 0",
            received=f"slope {slope:g}, intercept {intercept:g}",
            remedy="Send the film from a system that writes its grey scale",
        )
    return values if (slope, intercept) == (1, 0) else values.astype(np.float32) * slope + intercept


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
        table = read_table(dataset.VOILUTSequence[0], little=_little(dataset))
    except (AttributeError, IndexError, TypeError, ValueError):
        return None  # absent, or not a table: the window is asked next
    return as_stored(table.apply(values), bits=table.bits), "VOI look-up table"


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


def _little(dataset: Dataset) -> bool:
    return dataset.original_encoding[1] is not False
