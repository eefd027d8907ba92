"""PNG, WebP and BMP headers: every part walked to the end, no pixel decoded."""

import struct
import zlib

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

_PNG_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # by colour type; a palette (3) expands to three
_PNG_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
_WEBP_ANIMATION = frozenset({b"ANIM", b"ANMF"})
_BMP_HEADERS = frozenset({40, 52, 56, 108, 124})
_BMP_PLAIN, _BMP_BITFIELDS = 0, 3


def inspect_png(stream: HeaderStream, limits: Limits) -> FileFacts:
    """Read a PNG's facts and walk its chunks to IEND; use it through `header.inspect_file`.

    Raises UnreadableImage. Source: W3C PNG (third edition) sections 5 and 11.
    """
    stream.skip(8)
    width, height, bits, colour_type = _png_header(stream)
    check_size(width, height, limits)
    if colour_type not in _PNG_SAMPLES or bits not in (8, 16):
        raise unsupported_depth("a PNG of 8 or 16 bits", f"colour type {colour_type} with {bits} bits")
    kinds = _png_chunks(stream, limits)
    if b"IDAT" not in kinds:
        raise damaged("a PNG with pixels", "no IDAT chunk")
    if stream.remaining:
        raise trailing_data(stream.remaining, "the PNG")
    samples = _PNG_SAMPLES[colour_type] + (b"tRNS" in kinds)
    return FileFacts("png", "image/png", width, height, bits, samples)


def _png_header(stream: HeaderStream) -> tuple[int, int, int, int]:
    length, kind = struct.unpack(">I4s", stream.read(8))
    if (length, kind) != (13, b"IHDR"):
        raise damaged("IHDR as a PNG's first chunk", f"{kind!r} of {length} bytes")
    header = stream.read(13)
    if struct.unpack(">I", stream.read(4))[0] != zlib.crc32(kind + header):
        raise damaged("a PNG header that matches its checksum", "another checksum")
    width, height, bits, colour_type = struct.unpack(">IIBB", header[:10])
    return width, height, bits, colour_type


def _png_chunks(stream: HeaderStream, limits: Limits) -> set[bytes]:
    """Walk to IEND; a chunk's data are skipped, its checksum is the decoder's business."""
    kinds: set[bytes] = set()
    for _ in range(limits.max_parts):
        length, kind = struct.unpack(">I4s", stream.read(8))
        if kind in _PNG_ANIMATION:
            raise several_pictures("an animated PNG")
        stream.skip(length + 4)
        kinds.add(kind)
        if kind == b"IEND":
            return kinds
    raise damaged(f"at most {limits.max_parts} PNG chunks", "more")


def inspect_webp(stream: HeaderStream, limits: Limits) -> FileFacts:
    """Read a WebP's facts and walk its chunks to the RIFF end; use it through `header.inspect_file`.

    Raises UnreadableImage. Source: RFC 9649 section 2.
    """
    (size,) = struct.unpack("<4xI4x", stream.read(12))
    if size + 8 > stream.size:
        raise stream.truncated(size + 8 - stream.position)
    if size + 8 < stream.size:
        raise trailing_data(stream.size - size - 8, "the WebP")
    sizes: list[tuple[int, int]] = []
    samples = 3
    for _ in range(limits.max_parts):
        if not stream.remaining:
            break
        kind, data = _webp_chunk(stream)
        if kind == b"VP8X" and data[:1]:
            samples += bool(data[0] & 0x10)
        if kind in _WEBP_SIZES:
            sizes.append(_WEBP_SIZES[kind](data))
    return _webp_facts(sizes, samples, limits)


def _webp_chunk(stream: HeaderStream) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("<4sI", stream.read(8))
    if kind in _WEBP_ANIMATION:
        raise several_pictures("an animated WebP")
    data = stream.read(min(length, 10))
    stream.skip(length - len(data) + (length & 1))
    return kind, data


def _webp_facts(sizes: list[tuple[int, int]], samples: int, limits: Limits) -> FileFacts:
    # VP8X states the canvas and the frame states its own size: a lie between them is a decoder's trap.
    if not sizes or len(set(sizes)) != 1:
        raise damaged("one size in a WebP's headers", f"{sizes or 'none'}")
    width, height = sizes[0]
    check_size(width, height, limits)
    return FileFacts("webp", "image/webp", width, height, 8, samples)


def _lossy_size(data: bytes) -> tuple[int, int]:
    if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
        raise damaged("a VP8 key frame", "another start code")
    width, height = struct.unpack("<HH", data[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _lossless_size(data: bytes) -> tuple[int, int]:
    if len(data) < 5 or data[0] != 0x2F:
        raise damaged("a VP8L signature", "another byte")
    packed = int.from_bytes(data[1:5], "little")
    return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1


def _canvas_size(data: bytes) -> tuple[int, int]:
    if len(data) < 10:
        raise damaged("a VP8X chunk of 10 bytes", f"{len(data)}")
    if data[0] & 0x02:
        raise several_pictures("an animated WebP")
    return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1


_WEBP_SIZES = {b"VP8 ": _lossy_size, b"VP8L": _lossless_size, b"VP8X": _canvas_size}


def inspect_bmp(stream: HeaderStream, limits: Limits) -> FileFacts:
    """Read a BMP's facts and compare its stated size with the file; use it through `header.inspect_file`.

    Raises UnreadableImage. Source: Microsoft, BITMAPFILEHEADER and BITMAPINFOHEADER structures.
    """
    stated, offset, header_size = struct.unpack("<2xI4xII", stream.read(18))
    if header_size not in _BMP_HEADERS:
        raise damaged("a Windows bitmap header", f"a header of {header_size} bytes")
    width, height, planes, bits, compression = struct.unpack("<iiHHI", stream.read(16))
    height = abs(height)  # negative: rows run from the top
    if width < 1 or planes != 1:
        raise damaged("a positive width and one plane", f"width {width}, {planes} planes")
    check_size(width, height, limits)
    samples = _bmp_samples(bits, compression)
    _check_bmp_length(stream, stated, offset + (width * bits + 31) // 32 * 4 * height)
    return FileFacts("bmp", "image/bmp", width, height, 8, samples)


def _bmp_samples(bits: int, compression: int) -> int:
    if compression not in (_BMP_PLAIN, _BMP_BITFIELDS) or bits not in (8, 24, 32):
        raise UnreadableImage(
            code="unsupported_depth",
            expected="an uncompressed BMP of 8, 24 or 32 bits",
            received=f"{bits} bits with compression {compression}",
            remedy="Save the picture as PNG",
        )
    return 4 if compression == _BMP_BITFIELDS else 3  # 8 bits means a palette, 24 and 32 mean RGB


def _check_bmp_length(stream: HeaderStream, stated: int, needed: int) -> None:
    if max(stated, needed) > stream.size:
        raise stream.truncated(max(stated, needed) - stream.position)
    if stated != stream.size:
        raise trailing_data(stream.size - stated, "the BMP")
