"""Decodes one picture, once, for the display, the thumbnail and the network alike; runs in a worker only."""

import errno
import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.errors import InvalidDicomError

from .colour import refuse_verdict
from .colour_check import verdict
from .errors import EngineBusy, UnreadableImage
from .header import FileFacts, Limits, inspect_file
from .read_dicom import decode_dicom, read_dicom
from .read_raster import open_raster, read_raster
from .read_window import Grey

# What decoders throw at bad bytes, found by fuzzing them. Not Exception: a worker's time limit arrives as one in the
# midst of decoding, and it must not be told to the uploader as a fault of the film.
_DECODER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    Image.DecompressionBombError,
    InvalidDicomError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    struct.error,
    zlib.error,
)


# The machine's trouble, not the film's: a library that meets bad bytes raises OSError without any of these.
_MACHINE_ERRORS = frozenset({errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE})


@dataclass(frozen=True)
class Picture:
    """A decoded film: pixels (H, W) float32 in 0..1, 0 = black = air, 1 = white = dense; as it is to be shown.

    `window` says in words which mapping was applied; `sha256` is of the file as stored.
    """

    pixels: Grey
    facts: FileFacts
    window: str
    sha256: str


def read_picture(path: Path, *, limits: Limits | None = None) -> Picture:
    """Decode a file to a Picture; use it in a worker process, whose death by a decoder costs one attempt.

    Inspects the file again before a decoder sees it: the worker trusts no door.

    path: a file as stored. limits: default `Limits()`.
    Returns Picture. Raises UnreadableImage for whatever is wrong with the file, EngineBusy for want of memory or disk,
    OSError only when it cannot be opened.
    """
    facts = inspect_file(path, limits=limits)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    try:
        if facts.samples > 1:
            _check_colour(path, facts)
        pixels, window = read_dicom(path, facts) if facts.format == "dicom" else read_raster(path, facts)
    except MemoryError as error:
        raise _busy(error) from error
    except _DECODER_ERRORS as error:
        if isinstance(error, OSError) and error.errno in _MACHINE_ERRORS:
            raise _busy(error) from error
        raise UnreadableImage(
            code="undecodable",
            expected=f"{facts.format.upper()} pixels that decode",
            received=f"{type(error).__name__} from the decoder",
            remedy="Export the picture again and send the whole file",
        ) from error
    return Picture(np.ascontiguousarray(pixels, dtype=np.float32), facts, window, digest)


def _busy(error: MemoryError | OSError) -> EngineBusy:
    # Told to the uploader as a fault of the film, this would be the end of it; now it costs an attempt.
    return EngineBusy(
        expected="memory and disk to decode the picture",
        received=type(error).__name__,
        remedy="It is tried again by itself; if it stays, look at the worker's memory and disk",
    )


def _check_colour(path: Path, facts: FileFacts) -> None:
    if facts.format == "dicom":
        refuse_verdict(verdict(Image.fromarray(decode_dicom(path, facts)[1])))
        return
    with open_raster(path, facts) as image:
        refuse_verdict(verdict(image))
