"""Decodes PNG, JPEG, TIFF, WebP and BMP: worker and colour check only."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from .errors import UnreadableImage
from .header_facts import FileFacts
from .read_window import AS_STORED, Grey, Values, as_stored, stretch

_ORIENTATION = 0x0112
_WHITE_IS_ZERO, _PHOTOMETRIC = 0, 262
_GREY_16 = frozenset({"I;16", "I;16B", "I;16L"})
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # BT.601, as Pillow and JPEG


@contextmanager
def open_raster(path: Path, facts: FileFacts) -> Iterator[Image.Image]:
    """Open a raster file with the one decoder its header named; use it wherever pixels are to be decoded.

    A decoder that sees another size than `inspect_file` did would allocate by that size, so it is refused here; that
    is also why Pillow's own limit (a warning from 89 megapixels, here an error) is never reached.

    path, facts: the file and what `inspect_file` said of it. Yields the image, not yet decoded.
    Raises UnreadableImage (dimensions_differ) and whatever Pillow raises.
    """
    with warnings.catch_warnings():
        # Pillow also warns of odd metadata, which is no reason to refuse a film.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # The open file, not its name: by name Pillow maps an uncompressed TIFF into memory, and with an orientation
        # tag of 5 to 8 it then scrambles the rows.
        with path.open("rb") as file, Image.open(file, formats=[facts.format.upper()]) as image:
            # As a set: Pillow gives a TIFF's size as its orientation tag turns it.
            if {*image.size} != {facts.width, facts.height}:
                raise UnreadableImage(
                    code="dimensions_differ",
                    expected=f"{facts.width} x {facts.height} pixels, as the header says",
                    received=f"{image.width} x {image.height} from the decoder",
                    remedy="Export the picture again and send the whole file",
                )
            yield image


def read_raster(path: Path, facts: FileFacts) -> tuple[Grey, str]:
    """Decode a raster file to grey; use it through `read.read_picture`.

    8 bits are shown as stored; 16 bits say nothing of the depth that the film used of them, so they are stretched.
    An orientation tag is applied: the program that showed the film to its sender did so, and a film that is turned
    or mirrored by us alone would swap left and right.

    path, facts: the file and what `inspect_file` said of it.
    Returns (pixels (H, W) float32 0..1, the mapping in words). Raises whatever the decoder raises.
    """
    with open_raster(path, facts) as image:
        orientation = image.getexif().get(_ORIENTATION, 1)
        inverted = facts.bits == 16 and _white_is_zero(image)
        # In place is not possible for a TIFF, which Pillow has turned while loading; then this changes nothing.
        upright = ImageOps.exif_transpose(image)
        values = grey_values(upright)
    pixels, words = stretch(values) if values.dtype == np.uint16 else (as_stored(values, bits=8), AS_STORED)
    if inverted:
        pixels, words = 1 - pixels, words + "; white is zero, inverted"
    return pixels, words if orientation == 1 else f"{words}; turned by orientation tag {orientation}"


def grey_values(image: Image.Image) -> Values:
    """The grey values of a decoded picture whose colours were checked; use it after `colour` has let it through.

    Returns (H, W): uint8 or uint16 as stored, or float32 in 0..255 for a mean of three channels.
    Raises UnreadableImage (unsupported_depth).
    """
    if image.mode in _GREY_16:
        return np.asarray(image).astype(np.uint16)
    if image.mode == "L":
        return np.asarray(image)
    if image.mode in ("LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"):
        rgb: Grey = np.asarray(image.convert("RGB"), dtype=np.float32)
        return rgb @ _LUMA
    raise UnreadableImage(
        code="unsupported_depth",
        expected="8 or 16 bits of grey, or three equal channels",
        received=f"pixel mode {image.mode}",
        remedy="Export the picture in 8 or 16 bits of grey",
    )


def _white_is_zero(image: Image.Image) -> bool:
    # Pillow inverts such a TIFF at 8 bits and leaves it at 16.
    tags = getattr(image, "tag_v2", {})
    return tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
