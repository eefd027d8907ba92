"""A film's file: whether it can be used, and the SHA-256 that tells it from its copies."""

import hashlib
import io
import os
import struct
import warnings
import zlib
from pathlib import Path

from PIL import Image

from inference.training.importers.found import BadRow
from inference.training.importers.table import refuse_control_characters

_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def digest_of(images: Path, file: str) -> str:
    """SHA-256 (hexadecimal) of a film whose header can be read; no pixel is decoded.

    images: the folder the film has to be in, symbolic links followed. file: relative to it.
    Raises BadRow for a missing file, one outside the folder, and one that is no picture.
    """
    refuse_control_characters(file)
    path = Path(os.path.realpath(images / file))
    if not path.is_relative_to(os.path.realpath(images)):
        raise BadRow("the path leaves the data set's folder")
    try:
        # A named pipe or a device would be waited for, or never end.
        if not path.is_file():
            raise BadRow("not a file" if path.exists() else "missing file")
        content = path.read_bytes()
    except OSError as error:
        raise BadRow("the file cannot be read", error.strerror or "") from error
    _check_header(content)
    return hashlib.sha256(content).hexdigest()


def _check_header(content: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            Image.open(io.BytesIO(content)).close()
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise BadRow("unreadable header", "more pixels than a film has") from error
        except _UNREADABLE as error:
            raise BadRow("unreadable header", "not a picture") from error
