"""What an untrusted file is, by its content and without decoding a pixel: safe in a web process."""

from collections.abc import Callable
from pathlib import Path

from .errors import UnreadableImage
from .header_dicom import inspect_dicom, is_dicom, sanitised_prefix
from .header_facts import DicomFacts, FileFacts, HeaderStream, Limits, printable
from .header_jpeg import inspect_jpeg
from .header_raster import inspect_bmp, inspect_png, inspect_webp
from .header_tiff import inspect_tiff

__all__ = ["DicomFacts", "FileFacts", "Limits", "inspect_file", "sanitised_prefix"]

_HEAD = 512

Inspector = Callable[[HeaderStream, Limits], FileFacts]

_FORMATS: tuple[tuple[str, Callable[[bytes], bool], Inspector], ...] = (
    # DICOM first: its preamble may imitate any other format.
    ("DICOM", is_dicom, inspect_dicom),
    ("PNG", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), inspect_png),
    ("JPEG", lambda head: head.startswith(b"\xff\xd8\xff"), inspect_jpeg),
    ("TIFF", lambda head: head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")), inspect_tiff),
    ("WebP", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", inspect_webp),
    ("BMP", lambda head: head.startswith(b"BM"), inspect_bmp),
)

# Only to tell the uploader what came: none of these is read any further.
_STRANGERS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"GIF87a", b"GIF89a"), "a GIF"),
    ((b"%PDF",), "a PDF"),
    ((b"PK\x03\x04", b"PK\x05\x06"), "a ZIP archive (or an Office file)"),
    ((b"\x1f\x8b",), "a gzip archive"),
    ((b"7z\xbc\xaf", b"Rar!"), "an archive"),
    ((b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"), "a JPEG 2000 file outside DICOM"),
    ((b"MZ", b"\x7fELF"), "a program"),
)
_IMPLICIT_STARTS = (b"\x02\x00", b"\x08\x00")


def inspect_file(path: Path, *, limits: Limits | None = None) -> FileFacts:
    """Say what a stored upload is, or refuse it; use it in the request, before anything is kept.

    Reads headers and structure only: milliseconds and a few hundred kilobytes, whatever the file claims.
    Run it on the file as stored, that is after `sanitised_prefix`. It does not look at colours: `colour.refuse_colour`
    does, in a process of its own.

    path: the file. limits: default `Limits()`.
    Returns FileFacts. Raises UnreadableImage with `code` and what was expected, received and can be done.
    """
    limits = limits or Limits()
    with path.open("rb") as file:
        size = path.stat().st_size
        head = file.read(_HEAD)
        if size > limits.max_bytes:
            raise UnreadableImage(
                code="too_many_bytes",
                expected=f"at most {limits.max_bytes:,} bytes",
                received=f"{size:,} bytes",
                remedy="Send one film per file, compressed without loss if need be",
            )
        for name, matches, inspect in _FORMATS:
            if matches(head):
                file.seek(0)
                return inspect(HeaderStream(file, size=size, what=f"the {name} file"), limits)
    raise _stranger(head)


def _stranger(head: bytes) -> UnreadableImage:
    if head[:2] in _IMPLICIT_STARTS and head[3:4] == b"\0":
        return UnreadableImage(
            code="no_file_meta",
            expected="a DICOM file with its 128-byte preamble, the letters DICM and a file meta group",
            received="a bare data set",
            remedy="Save it as a DICOM part 10 file (most exports call it so), not as a raw data set",
        )
    return UnreadableImage(
        code="not_an_image",
        expected="a PNG, JPEG, TIFF, WebP, BMP or DICOM file",
        received=_describe(head),
        remedy="Export the film in one of these formats",
    )


def _describe(head: bytes) -> str:
    for signatures, words in _STRANGERS:
        if head.startswith(signatures):
            return words
    if not head:
        return "an empty file"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start:
        return "an SVG drawing"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<script")):
        return "a web page or XML"
    if head.isascii() and b"\0" not in head:
        return f"text ({printable(head)!r})"
    return f"unknown bytes ({printable(head)!r})"
