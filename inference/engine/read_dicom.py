"""Decodes a DICOM film to shown grey: worker and colour check only."""

import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.pixels import pixel_array
from pydicom.uid import RLELossless

from .errors import UnreadableImage
from .header_facts import FileFacts
from .read_voi import present, rescaled
from .read_window import AS_STORED, Grey, Mask, Values


def read_dicom(path: Path, facts: FileFacts) -> tuple[Grey, str]:
    """Decode a DICOM film and show it as its header says; use it through `read.read_picture`.

    path, facts: the file and what `inspect_file` said of it.
    Returns (pixels (H, W) float32 0..1 with dense tissue white, the mapping in words).
    Raises whatever the decoder raises. Source: PS3.3 sections C.7.6.3.1.2, C.11.1 and C.11.2; PS3.4 section N.2.
    """
    dataset, stored = decode_dicom(path, facts)
    if stored.ndim == 3:  # three channels that the colour check found grey
        return stored.mean(axis=2, dtype=np.float32) / np.float32(255), AS_STORED
    shown = _shown(dataset, stored)
    pixels, words = present(rescaled(stored, dataset), dataset, shown)
    if facts.dicom is not None and facts.dicom.photometric == "MONOCHROME1":
        # MONOCHROME1 shows the lowest value white (PS3.3 C.7.6.3.1.2); the network was trained on the inverse.
        pixels, words = 1 - pixels, f"{words}; MONOCHROME1 inverted"
    if shown is not None:
        pixels, words = np.where(shown, pixels, np.float32(0)), f"{words}; padding black"
    return pixels, words


def decode_dicom(path: Path, facts: FileFacts) -> tuple[Dataset, Values]:
    """Decode the pixels as stored; colours become RGB; use it for the film and for the colour check.

    Returns (data set without its pixels' meaning applied, values (H, W) or (H, W, 3)).
    Raises UnreadableImage (dimensions_differ) and whatever pydicom and its decoders raise.
    """
    with warnings.catch_warnings():
        # pydicom warns of every value that bends the standard; `inspect_file` has decided on those that matter.
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        # pydicom's own RLE decoder: the compiled one panics past Python's exceptions on a bad run length.
        plugin = "pydicom" if dataset.file_meta.TransferSyntaxUID == RLELossless else ""
        stored = pixel_array(dataset, decoding_plugin=plugin)
    expected = (facts.height, facts.width) if facts.samples == 1 else (facts.height, facts.width, facts.samples)
    if stored.shape != expected:
        raise UnreadableImage(
            code="dimensions_differ",
            expected=f"pixels of shape {expected}, as the header says",
            received=f"{stored.shape} from the decoder",
            remedy="Export the picture again and send the whole file",
        )
    return dataset, stored


def _shown(dataset: Dataset, stored: Values) -> Mask | None:
    """Where the film is, not padding (PS3.3 C.7.5.1.1.2); None when all of it is."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit", value)
    low, high = sorted((int(value), int(limit)))
    shown = np.asarray((stored < low) | (stored > high))
    return None if shown.all() else shown
