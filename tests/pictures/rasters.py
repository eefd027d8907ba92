"""Raster files made from code: a phantom without anatomy, in every format that the desk takes."""

import io
import struct
import zipfile
import zlib

import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def phantom(height: int = 160, width: int = 128, *, top: int = 255, seed: int = 0) -> np.ndarray:
    """Smooth grey shapes in 0..top: a bright ramp with two dark discs, a little noise; no one's chest."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    discs = sum(np.exp(-(((x - centre) / 0.18) ** 2 + ((y - 0.5) / 0.3) ** 2)) for centre in (0.3, 0.7))
    noise = np.random.default_rng(seed).normal(0, 0.01, (height, width))
    values = np.clip(0.35 + 0.45 * y - 0.3 * discs + noise, 0, 1) * top
    return values.astype(np.uint8 if top <= 255 else np.uint16)


def photograph(height: int = 160, width: int = 128) -> np.ndarray:
    """A colour picture (H, W, 3): patches of every hue at every brightness."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    hues = np.stack([np.sin(2 * np.pi * (3 * x + phase) + 5 * y) for phase in (0, 1 / 3, 2 / 3)], axis=-1)
    return (127 + 100 * hues).astype(np.uint8)


def _encoded(values: np.ndarray, file_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, file_format, **options)
    return file.getvalue()


def png_bytes(values: np.ndarray | None = None, *, seed: int = 0, **options: object) -> bytes:
    """A PNG of `values` (default: the phantom; another `seed`, other bytes)."""
    return _encoded(phantom(seed=seed) if values is None else values, "PNG", **options)


def jpeg_bytes(values: np.ndarray | None = None, **options: object) -> bytes:
    return _encoded(phantom() if values is None else values, "JPEG", **{"quality": 95, **options})


def webp_bytes(values: np.ndarray | None = None, **options: object) -> bytes:
    return _encoded(phantom() if values is None else values, "WEBP", **{"lossless": True, **options})


def bmp_bytes(values: np.ndarray | None = None) -> bytes:
    return _encoded(phantom() if values is None else values, "BMP")


def tiff_bytes(values: np.ndarray | None = None, *, big_endian: bool = False, **options: object) -> bytes:
    """A TIFF of `values`; written here when the high byte comes first, by Pillow otherwise."""
    values = phantom() if values is None else values
    return _big_endian_tiff(values) if big_endian else _encoded(values, "TIFF", **options)


def raw_tiff(values: np.ndarray, *, order: str = "<", extra: dict[int, int] | None = None) -> bytes:
    """A TIFF of one strip with the tags in sight: `order` as in struct, `extra` replaces or adds one-number tags."""
    height, width = values.shape
    pixels = values.astype(values.dtype.newbyteorder(order)).tobytes()
    bits = values.dtype.itemsize * 8
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: len(pixels)}
    tags = dict(sorted({**tags, **(extra or {})}.items()))
    entries = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags.items())
    directory = struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", 0)
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8 + len(pixels))
    return start + pixels + directory


def _big_endian_tiff(values: np.ndarray) -> bytes:
    return raw_tiff(values, order=">")


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(width: int, height: int, *, bits: int = 8, colour_type: int = 0, data: bytes = b"") -> bytes:
    """A PNG whose header says what you like; `data` is the compressed pixels, whatever they are."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return PNG_SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND")


def zip_bytes() -> bytes:
    """A small archive: what hides behind the end of a picture."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.txt", "x" * 100)
    return file.getvalue()
