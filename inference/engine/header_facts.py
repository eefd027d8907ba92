"""What a picture file's header may hold and what it told: limits, facts, and a reader that cannot run past the end."""

import re
from dataclasses import dataclass
from typing import BinaryIO

from .errors import UnreadableImage

SEND_AGAIN = "Export the picture again and send the whole file"

# A film of 43 x 43 cm at 0.1 mm is 18.5 megapixels; the largest detectors on sale stay under 30.
_MAX_PIXELS = 50_000_000
# Nothing that a reader or a network could use is smaller; a 1 x 1 picture is a web tracker, not a film.
_MIN_SIDE = 64


@dataclass(frozen=True)
class Limits:
    """What one file may ask of us: bytes, pixels, shorter side, nesting of DICOM sequences, parts of a container."""

    max_bytes: int = 100 * 1024 * 1024
    max_pixels: int = _MAX_PIXELS
    min_side: int = _MIN_SIDE
    max_depth: int = 16
    # PNG chunks, JPEG segments, DICOM elements: bounds the time spent on a file made of empty ones.
    max_parts: int = 50_000


@dataclass(frozen=True)
class DicomFacts:
    """The patient, study and image modules as the file states them; text is literal (HTML in a name stays text).

    Dates are ISO 8601 or None. patient_sex is "M", "F", "O" or "". A text that is absent is "".
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    transfer_syntax_uid: str
    modality: str
    body_part: str
    view: str
    photometric: str
    patient_id: str
    patient_name: str
    patient_birth_date: str | None
    patient_sex: str
    accession_number: str
    study_date: str | None
    study_description: str
    lossy: bool


@dataclass(frozen=True)
class FileFacts:
    """What the header says of one picture: format, media type, size in pixels, bits and samples of one pixel.

    `samples` counts what a decoder would give: a palette counts as 3, transparency as one more.
    """

    format: str
    media_type: str
    width: int
    height: int
    bits: int
    samples: int
    dicom: DicomFacts | None = None


class HeaderStream:
    """A file of known size read forwards; asking for what is not there is the refusal `truncated`."""

    def __init__(self, file: BinaryIO, *, size: int, what: str) -> None:
        self._file = file
        self.size = size
        self.what = what
        self.position = 0

    @property
    def remaining(self) -> int:
        """Bytes between here and the end."""
        return self.size - self.position

    def read(self, count: int) -> bytes:
        """Exactly `count` bytes. Raises UnreadableImage (truncated)."""
        data = self._file.read(min(count, self.remaining))
        if len(data) != count:
            raise self.truncated(count)
        self.position += count
        return data

    def skip(self, count: int) -> None:
        """Go `count` bytes on without reading them. Raises UnreadableImage (truncated)."""
        self.seek(self.position + count)

    def seek(self, position: int) -> None:
        """Go to a byte of the file; its end is allowed. Raises UnreadableImage (truncated)."""
        if position > self.size:
            raise self.truncated(position - self.position)
        self._file.seek(position)
        self.position = position

    def truncated(self, count: int) -> UnreadableImage:
        """The refusal for `count` bytes that are not there; for callers that find it out by arithmetic."""
        return UnreadableImage(
            code="truncated",
            expected=f"{count} more bytes of {self.what} at byte {self.position}",
            received=f"a file that ends at byte {self.size}",
            remedy=SEND_AGAIN,
        )


def check_size(width: int, height: int, limits: Limits) -> None:
    """Refuse a picture too large to decode safely or too small to be a film; use it as soon as the size is known.

    width, height: pixels. Raises UnreadableImage (too_many_pixels, too_small).
    """
    received = f"{width} x {height} pixels"
    if width * height > limits.max_pixels:
        raise UnreadableImage(
            code="too_many_pixels",
            expected=f"at most {limits.max_pixels:,} pixels",
            received=received,
            remedy="Export the film at its detector's own resolution",
        )
    if min(width, height) < limits.min_side:
        raise UnreadableImage(
            code="too_small",
            expected=f"at least {limits.min_side} pixels on the shorter side",
            received=received,
            remedy="Send the film itself, not a thumbnail or an icon",
        )


def damaged(what: str, received: str) -> UnreadableImage:
    """The refusal for a structure that contradicts itself; use it where no more specific code fits."""
    return UnreadableImage(code="bad_header", expected=what, received=received, remedy=SEND_AGAIN)


def unsupported_depth(expected: str, received: str) -> UnreadableImage:
    """The refusal for a pixel format that holds no film (1 bit, signed, floating point)."""
    return UnreadableImage(
        code="unsupported_depth",
        expected=expected,
        received=received,
        remedy="Export the picture in 8 or 16 bits of grey",
    )


def several_pictures(received: str) -> UnreadableImage:
    """The refusal for animation, pages and frames: which of them would the diagnosis be about?"""
    return UnreadableImage(
        code="multi_frame",
        expected="one still picture",
        received=received,
        remedy="Export each film as a file of its own",
    )


def trailing_data(count: int, what: str) -> UnreadableImage:
    """The refusal for bytes behind the picture's end, where a second file can hide."""
    return UnreadableImage(
        code="trailing_data",
        expected=f"nothing behind the end of {what}",
        received=f"{count} more bytes",
        remedy="Export the picture again from the program that made it",
    )


def printable(data: bytes) -> str:
    """Show a few bytes of an unknown file in a message: printable ASCII as it is, the rest as dots."""
    return re.sub(r"[^ -~]", ".", data[:16].decode("latin-1"))
