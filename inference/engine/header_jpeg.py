"""JPEG markers, walked without decoding: size from the frame header, and an end that is really there."""

import re
import struct
from dataclasses import dataclass

from .errors import UnreadableImage
from .header_facts import (
    FileFacts,
    HeaderStream,
    Limits,
    check_size,
    damaged,
    several_pictures,
    trailing_data,
    unsupported_depth,
)

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
# Start-of-frame codes (T.81 table B.1, T.87 for JPEG-LS); C4, C8 and CC are tables, not frames.
_FRAMES = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
# Markers without a length: TEM and the restart markers.
_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
# What desktop decoders read: baseline, extended sequential and progressive Huffman.
_DISPLAYABLE = frozenset({0xC0, 0xC1, 0xC2})
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_CHUNK = 256 * 1024
# A progressive film has about ten. Every further one costs the decoder another pass over all pixels.
_MOST_SCANS = 100
_MOST_FILL = 1024
_PADDING = b"\x00\xff \r\n"


@dataclass(frozen=True)
class JpegFrame:
    """A start-of-frame header: its marker code, bits of one sample, size in pixels, number of components."""

    marker: int
    bits: int
    width: int
    height: int
    components: int


def read_jpeg_frame(stream: HeaderStream, limits: Limits) -> JpegFrame:
    """Read from the start of a JPEG or JPEG-LS stream to its frame header; use it wherever only the size is asked.

    stream: at the start-of-image marker; left behind the frame header.
    Raises UnreadableImage (bad_header, truncated). Source: ITU-T T.81 annex B.2.2.
    """
    if stream.read(2) != b"\xff\xd8":
        raise damaged("a JPEG start marker (FF D8)", f"something else at byte {stream.position - 2}")
    for _ in range(limits.max_parts):
        marker = _next_marker(stream)
        if marker in _FRAMES:
            return _read_frame(stream, marker)
        if marker in (_SCAN, _END, _START):
            break
        _skip_segment(stream, marker)
    raise damaged("a JPEG frame header before the pixels", "none")


def inspect_jpeg(stream: HeaderStream, limits: Limits) -> FileFacts:
    """Read a JPEG file's facts from its markers; use it through `header.inspect_file`.

    Raises UnreadableImage. Source: ITU-T T.81 annex B.
    """
    frame = read_jpeg_frame(stream, limits)
    if frame.marker not in _DISPLAYABLE or frame.bits != 8:
        raise unsupported_depth(
            "a baseline or progressive JPEG of 8 bits", f"process {frame.marker - 0xC0} with {frame.bits} bits"
        )
    check_size(frame.width, frame.height, limits)
    if frame.components not in (1, 3):
        raise UnreadableImage(
            code="colour",
            expected="a grey or RGB JPEG",
            received=f"{frame.components} components (a printing colour space)",
            remedy="Export the film as a grey picture",
        )
    _walk_to_end(stream, limits)
    return FileFacts("jpeg", "image/jpeg", frame.width, frame.height, 8, frame.components)


def _next_marker(stream: HeaderStream) -> int:
    if stream.read(1) != b"\xff":
        raise damaged("a JPEG marker", f"something else at byte {stream.position - 1}")
    for _ in range(_MOST_FILL):  # fill bytes may precede a marker (B.1.1.2)
        code = stream.read(1)[0]
        if code != 0xFF:
            return code
    raise damaged("a JPEG marker", f"more than {_MOST_FILL} fill bytes")


def _skip_segment(stream: HeaderStream, marker: int) -> None:
    if marker in _BARE:
        return
    (length,) = struct.unpack(">H", stream.read(2))
    if length < 2:
        raise damaged("a JPEG segment of at least 2 bytes", f"length {length} at byte {stream.position - 2}")
    stream.skip(length - 2)


def _read_frame(stream: HeaderStream, marker: int) -> JpegFrame:
    length, bits, height, width, components = struct.unpack(">HBHHB", stream.read(8))
    if length != 8 + 3 * components or not (width and height):
        raise damaged("a JPEG frame header with a size", f"{width} x {height}, {components} components")
    stream.skip(3 * components)
    return JpegFrame(marker, bits, width, height, components)


def _walk_to_end(stream: HeaderStream, limits: Limits) -> None:
    scans = 0
    for _ in range(limits.max_parts):
        marker = _next_marker(stream)
        if marker == _END:
            _check_end(stream, scans)
            return
        if marker in _FRAMES or marker == _START:
            raise several_pictures("a JPEG with a second frame")
        _skip_segment(stream, marker)
        if marker == _SCAN:
            scans += 1
            _skip_scan(stream)
        if scans > _MOST_SCANS:
            break
    raise damaged(f"at most {limits.max_parts} JPEG segments and {_MOST_SCANS} scans", "more")


def _skip_scan(stream: HeaderStream) -> None:
    while True:
        start = stream.position
        chunk = stream.read(min(_CHUNK, stream.remaining))
        found = _MARKER_IN_SCAN.search(chunk)
        if found:
            stream.seek(start + found.start())
            return
        if not stream.remaining:
            raise stream.truncated(2)
        if chunk.endswith(b"\xff"):
            stream.seek(stream.position - 1)


def _check_end(stream: HeaderStream, scans: int) -> None:
    if not scans:
        raise damaged("a JPEG with pixels", "an end marker before any scan")
    # Some writers pad to a block; anything that is not padding may be a second file.
    count = stream.remaining
    if count and (count > _CHUNK or stream.read(count).strip(_PADDING)):
        raise trailing_data(count, "the JPEG")
