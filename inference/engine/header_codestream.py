"""Encapsulated pixels: fragments that end, and a codestream whose own size is the header's size."""

import io
import struct
from dataclasses import dataclass

from .errors import UnreadableImage
from .header_facts import SEND_AGAIN, HeaderStream, Limits, damaged
from .header_jpeg import read_jpeg_frame

JPEG_SYNTAXES = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81))
JPEG_2000_SYNTAXES = frozenset({"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"})
RLE_SYNTAX = "1.2.840.10008.1.2.5"
# Tables and comments before the frame header take hundreds of bytes; an embedded profile some kilobytes.
_HEAD = 256 * 1024
_END_MARKER = b"\xff\xd9"  # end of image (JPEG, JPEG-LS) and end of codestream (JPEG 2000) alike


@dataclass(frozen=True)
class PixelShape:
    """Rows, columns, samples and allocated bits as the data set states them."""

    rows: int
    columns: int
    samples: int
    bits_allocated: int


def check_codestream(
    stream: HeaderStream, fragments: list[tuple[int, int]], shape: PixelShape, *, syntax: str, limits: Limits
) -> None:
    """Compare a compressed picture's own header with the data set's; use it before a decoder may allocate by it.

    fragments: (offset, length) of every item, the offset table first. syntax: transfer syntax UID.
    Raises UnreadableImage (no_pixel_data, dimensions_differ, truncated, multi_frame, bad_header).
    Source: PS3.5 section A.4; ITU-T T.800 annex A.5.1 (SIZ); PS3.5 annex G (RLE).
    """
    if len(fragments) < 2:
        raise UnreadableImage(
            code="no_pixel_data",
            expected="an offset table and at least one fragment of pixels",
            received=f"{len(fragments)} items",
            remedy=SEND_AGAIN,
        )
    _check_offset_table(stream, fragments[0])
    head = HeaderStream(io.BytesIO(_head(stream, fragments[1:])), size=_head_size(fragments), what="the codestream")
    if syntax == RLE_SYNTAX:
        _check_rle(head, shape, sum(length for _, length in fragments[1:]))
        return
    found = _jpeg_2000_shape(head) if syntax in JPEG_2000_SYNTAXES else _jpeg_shape(head, limits)
    stated = (shape.columns, shape.rows, shape.samples)
    if found[:3] != stated or found[3] > shape.bits_allocated:
        raise _differ(f"{stated} in at most {shape.bits_allocated} bits", f"{found[:3]} in {found[3]} bits")
    _check_end(stream, fragments[-1])


def _check_offset_table(stream: HeaderStream, table: tuple[int, int]) -> None:
    if table[1] > 4:
        raise UnreadableImage(
            code="multi_frame",
            expected="one frame in the offset table",
            received=f"{table[1] // 4} frames",
            remedy="Export each film as a file of its own",
        )
    stream.seek(table[0])
    if any(stream.read(table[1])):
        raise damaged("an offset table that points at the first fragment", "another offset")


def _head_size(fragments: list[tuple[int, int]]) -> int:
    return min(_HEAD, sum(length for _, length in fragments[1:]))


def _head(stream: HeaderStream, fragments: list[tuple[int, int]]) -> bytes:
    parts: list[bytes] = []
    missing = _HEAD
    for offset, length in fragments:
        stream.seek(offset)
        parts.append(stream.read(min(length, missing)))
        missing -= len(parts[-1])
        if not missing:
            break
    return b"".join(parts)


def _jpeg_shape(head: HeaderStream, limits: Limits) -> tuple[int, int, int, int]:
    frame = read_jpeg_frame(head, limits)
    return frame.width, frame.height, frame.components, frame.bits


def _jpeg_2000_shape(head: HeaderStream) -> tuple[int, int, int, int]:
    if head.read(4) != b"\xff\x4f\xff\x51":
        raise damaged("a bare JPEG 2000 codestream (PS3.5 section A.4.4)", "something else")
    right, lower, left, top = struct.unpack(">4xIIII", head.read(20))
    (components,) = struct.unpack(">16xH", head.read(18))
    bits = (head.read(1)[0] & 0x7F) + 1
    return right - left, lower - top, components, bits


def _check_rle(head: HeaderStream, shape: PixelShape, total: int) -> None:
    segments, *offsets = struct.unpack("<16I", head.read(64))
    wanted = shape.samples * shape.bits_allocated // 8
    used = offsets[:segments]
    if segments != wanted or used != sorted(used) or used[0] != 64 or used[-1] >= total:
        raise _differ(f"{wanted} RLE segments inside the fragment", f"{segments} at {used}")
    # The worst row costs one byte more in 128; much more than that is a run-length bomb.
    most = 64 + 2 * shape.rows * shape.columns * wanted
    if total > most:
        raise _differ(f"at most {most} bytes of run lengths", f"{total}")


def _check_end(stream: HeaderStream, last: tuple[int, int]) -> None:
    offset, length = last
    tail = min(length, 64)
    stream.seek(offset + length - tail)
    # Padding to an even length is one zero byte; some encoders pad to a block.
    if not stream.read(tail).rstrip(b"\0").endswith(_END_MARKER):
        raise UnreadableImage(
            code="truncated",
            expected="an end marker (FF D9) behind the compressed pixels",
            received="a codestream without one",
            remedy=SEND_AGAIN,
        )


def _differ(expected: str, received: str) -> UnreadableImage:
    return UnreadableImage(code="dimensions_differ", expected=expected, received=received, remedy=SEND_AGAIN)
