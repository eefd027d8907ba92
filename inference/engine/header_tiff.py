"""TIFF directories: one page, 8 or 16 bits of grey or RGB, every strip or tile inside the file."""

import struct
from collections.abc import Mapping
from dataclasses import replace

from .errors import UnreadableImage
from .header_facts import (
    FileFacts,
    HeaderStream,
    Limits,
    check_size,
    damaged,
    several_pictures,
    unsupported_depth,
)

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _SAMPLES, _STRIP_COUNTS = 273, 277, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS, _SAMPLE_FORMAT = 322, 323, 324, 325, 339
_WANTED = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS, _SAMPLES}
    | {_STRIP_COUNTS, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS, _SAMPLE_FORMAT}
)
_TYPES = {1: "B", 3: "H", 4: "I"}  # BYTE, SHORT, LONG: all that the wanted tags may be
_GREY, _PALETTE = frozenset({0, 1}), 3
_PHOTOMETRICS = frozenset({0, 1, 2, 3, 6})  # white is zero, black is zero, RGB, palette, YCbCr
# None, LZW, JPEG, Deflate (two codes), PackBits: what every desktop writes and libtiff reads.
_COMPRESSIONS = frozenset({1, 5, 7, 8, 32773, 32946})
_UNSIGNED = 1
# One strip per row of the tallest film, and to spare.
_MAX_VALUES = 100_000

Tags = Mapping[int, tuple[int, ...]]


def inspect_tiff(stream: HeaderStream, limits: Limits) -> FileFacts:
    """Read a TIFF's facts from its only directory; use it through `header.inspect_file`.

    Raises UnreadableImage. Source: TIFF revision 6.0 sections 2, 4, 8 and 15.
    """
    order = "<" if stream.read(2) == b"II" else ">"
    version, offset = struct.unpack(order + "HI", stream.read(6))
    if version != 42:
        raise damaged("a classic TIFF (version 42)", f"version {version}; save it as a TIFF below 4 GiB")
    tags = _read_directory(stream, order, offset)
    width, height = _one(tags, _WIDTH), _one(tags, _HEIGHT)
    check_size(width, height, limits)
    if _TILE_OFFSETS in tags:  # a decoder allocates a whole tile, however small the picture
        check_size(_one(tags, _TILE_WIDTH), _one(tags, _TILE_HEIGHT), replace(limits, min_side=1))
    bits, samples = _pixel_format(tags, order)
    _check_extent(stream, tags)
    if _one(tags, _PHOTOMETRIC) == _PALETTE:
        samples = 3
    return FileFacts("tiff", "image/tiff", width, height, bits, samples)


def _read_directory(stream: HeaderStream, order: str, offset: int) -> Tags:
    stream.seek(offset)
    (count,) = struct.unpack(order + "H", stream.read(2))
    entries = stream.read(12 * count)
    (following,) = struct.unpack(order + "I", stream.read(4))
    if following:
        raise several_pictures("a TIFF with more than one page")
    tags: dict[int, tuple[int, ...]] = {}
    for start in range(0, len(entries), 12):
        tag, kind, number = struct.unpack(order + "HHI", entries[start : start + 8])
        if tag in _WANTED:
            if tag in tags:
                raise damaged("each TIFF tag once", f"tag {tag} twice")
            tags[tag] = _values(stream, order, (kind, number, entries[start + 8 : start + 12]))
    return tags


def _values(stream: HeaderStream, order: str, entry: tuple[int, int, bytes]) -> tuple[int, ...]:
    kind, number, inline = entry
    if kind not in _TYPES or not 0 < number <= _MAX_VALUES:
        raise damaged("TIFF values of a whole-number type", f"{number} of type {kind}")
    layout = f"{order}{number}{_TYPES[kind]}"
    length = struct.calcsize(layout)
    if length <= 4:
        return struct.unpack(layout, inline[:length])
    stream.seek(struct.unpack(order + "I", inline)[0])
    return struct.unpack(layout, stream.read(length))


def _one(tags: Tags, tag: int, default: int | None = None) -> int:
    if tag in tags:
        return tags[tag][0]
    if default is None:
        raise damaged(f"TIFF tag {tag}", "a directory without it")
    return default


def _pixel_format(tags: Tags, order: str) -> tuple[int, int]:
    samples = _one(tags, _SAMPLES, 1)
    bits = set(tags.get(_BITS, (1,)))
    formats = set(tags.get(_SAMPLE_FORMAT, (_UNSIGNED,)))
    if bits not in ({8}, {16}) or formats != {_UNSIGNED}:
        raise unsupported_depth(
            "a TIFF of 8 or 16 unsigned bits", f"{sorted(bits)} bits of sample format {sorted(formats)}"
        )
    photometric = _one(tags, _PHOTOMETRIC)
    compression = _one(tags, _COMPRESSION, 1)
    if photometric not in _PHOTOMETRICS or compression not in _COMPRESSIONS:
        raise _unsupported(f"photometric interpretation {photometric} with compression {compression}")
    if (photometric, bits, order) == (0, {16}, ">"):  # no decoder of ours reads it
        raise _unsupported("16 bits with white as zero, high byte first")
    fewest = 1 if photometric in _GREY or photometric == _PALETTE else 3
    if not fewest <= samples <= fewest + 1:
        raise _unsupported(f"{samples} samples for photometric interpretation {photometric}")
    return bits.pop(), samples


def _unsupported(received: str) -> UnreadableImage:
    return UnreadableImage(
        code="unsupported_format",
        expected="a grey or RGB TIFF, uncompressed or with LZW, Deflate, PackBits or JPEG",
        received=received,
        remedy="Save the picture as an uncompressed grey TIFF or as PNG",
    )


def _check_extent(stream: HeaderStream, tags: Tags) -> None:
    """Every strip or tile must lie inside the file, and uncompressed ones must hold all rows."""
    tiled = _TILE_OFFSETS in tags
    offsets = tags.get(_TILE_OFFSETS if tiled else _STRIP_OFFSETS, ())
    counts = tags.get(_TILE_COUNTS if tiled else _STRIP_COUNTS, ())
    if not offsets or len(offsets) != len(counts):
        raise damaged("as many strip lengths as strip offsets", f"{len(offsets)} offsets, {len(counts)} lengths")
    end = max(offset + count for offset, count in zip(offsets, counts, strict=True))
    if end > stream.size:
        raise stream.truncated(end - stream.position)
    if _one(tags, _COMPRESSION, 1) == 1 and sum(counts) < _uncompressed_bytes(tags):
        raise UnreadableImage(
            code="truncated",
            expected=f"{_uncompressed_bytes(tags)} bytes of pixels",
            received=f"strips of {sum(counts)} bytes together",
            remedy="Export the picture again and send the whole file",
        )


def _uncompressed_bytes(tags: Tags) -> int:
    samples = _one(tags, _SAMPLES, 1)
    return _one(tags, _WIDTH) * _one(tags, _HEIGHT) * samples * (_one(tags, _BITS, 1) // 8)
