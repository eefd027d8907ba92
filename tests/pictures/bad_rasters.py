"""Raster files that must be refused, and files that are no picture at all; each with the code of its refusal."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.pictures.rasters import (
    bmp_bytes,
    jpeg_bytes,
    phantom,
    photograph,
    png_bytes,
    png_chunk,
    raw_png,
    raw_tiff,
    tiff_bytes,
    webp_bytes,
    zip_bytes,
)

Case = tuple[str, bytes, str]


def bad_rasters() -> Iterator[Case]:
    """(name, bytes, code) of each bad file: what `inspect_file` must answer."""
    yield from _strangers()
    yield from _bad_png()
    yield from _bad_jpeg()
    yield from _bad_tiff()
    yield from _bad_webp_and_bmp()


def _strangers() -> Iterator[Case]:
    gif = io.BytesIO()
    Image.fromarray(phantom()).save(gif, "GIF")
    strangers = {
        "film.gif": gif.getvalue(),
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "drawing_xml.svg": b"<?xml version='1.0'?><svg/>",
        "page.html": b"<!DOCTYPE html><script>alert(1)</script>",
        "letter.pdf": b"%PDF-1.7\n%%EOF\n",
        "films.zip": zip_bytes(),
        "films.gz": b"\x1f\x8b\x08" + bytes(20),
        "program.exe": b"MZ" + bytes(200),
        "program": b"\x7fELF" + bytes(200),
        "notes.txt": b"The film is in the post.",
        "empty.png": b"",
        "noise.bin": np.random.default_rng(1).bytes(4096),
        "codestream.j2k": b"\xff\x4f\xff\x51" + bytes(100),
        "renamed.dcm": b"this is no film" * 20,
    }
    for name, data in strangers.items():
        yield name, data, "not_an_image"


def _bad_png() -> Iterator[Case]:
    good = png_bytes()
    bomb = zlib.compress(bytes(7201 * 7200), 9)
    yield "bomb_50000.png", raw_png(50_000, 50_000, data=bomb[:11_000]), "too_many_pixels"
    yield "bomb_7200.png", raw_png(7200, 7200, data=bomb), "too_many_pixels"
    yield "bomb_1bit.png", raw_png(60_000, 60_000, bits=1, data=bomb[:11_000]), "too_many_pixels"
    yield "flat.png", raw_png(40_000_000, 1), "too_small"
    yield "tracker.png", png_bytes(np.zeros((1, 1), np.uint8)), "too_small"
    yield "no_size.png", raw_png(0, 0), "too_small"
    yield "one_bit.png", raw_png(128, 128, bits=1, data=zlib.compress(bytes(17 * 128))), "unsupported_depth"
    yield "half.png", good[: len(good) // 2], "truncated"
    yield "no_end.png", good[:-12], "truncated"
    yield "signature_only.png", good[:8], "truncated"
    yield "trailing_zip.png", good + zip_bytes(), "trailing_data"
    yield "header_flipped.png", good[:17] + b"\x01" + good[18:], "bad_header"
    yield "no_pixels.png", good[:33] + png_chunk(b"IEND"), "bad_header"
    yield "animated.png", good[:33] + png_chunk(b"acTL", struct.pack(">II", 2, 0)) + good[33:], "multi_frame"
    yield "chunks.png", good[:33] + png_chunk(b"tEXt") * 60_000 + good[33:], "bad_header"


def _bad_jpeg() -> Iterator[Case]:
    good = jpeg_bytes()
    size_at = good.index(b"\xff\xc0") + 5
    inked = io.BytesIO()
    Image.fromarray(np.dstack([photograph(), phantom()]), "CMYK").save(inked, "JPEG")
    yield "half.jpg", good[: len(good) // 2], "truncated"
    yield "no_end.jpg", good[:-2], "truncated"
    yield "trailing_zip.jpg", good + zip_bytes(), "trailing_data"
    yield "two.jpg", good + good, "trailing_data"
    yield "bomb.jpg", good[:size_at] + b"\xff\xff\xff\xff" + good[size_at + 4 :], "too_many_pixels"
    yield "no_height.jpg", good[:size_at] + bytes(2) + good[size_at + 2 :], "bad_header"
    yield "printing.jpg", inked.getvalue(), "colour"
    yield "twelve_bits.jpg", good[: size_at - 1] + b"\x0c" + good[size_at:], "unsupported_depth"
    yield "lossless.jpg", good.replace(b"\xff\xc0", b"\xff\xc3", 1), "unsupported_depth"
    yield "no_scan.jpg", good[: good.index(b"\xff\xda")] + b"\xff\xd9", "bad_header"


def _bad_tiff() -> Iterator[Case]:
    deep = phantom(top=65535)
    good = tiff_bytes(deep)
    pages = io.BytesIO()
    Image.fromarray(deep).save(pages, "TIFF", save_all=True, append_images=[Image.fromarray(deep)])
    yield "pages.tif", pages.getvalue(), "multi_frame"
    yield "half.tif", raw_tiff(deep)[: deep.nbytes // 2], "truncated"
    yield "cut.tif", good[:-100], "truncated"
    yield "float.tif", tiff_bytes(phantom().astype(np.float32)), "unsupported_depth"
    yield "signed.tif", raw_tiff(deep, extra={339: 2}), "unsupported_depth"
    yield "bomb.tif", raw_tiff(deep, extra={256: 50_000, 257: 50_000}), "too_many_pixels"
    yield "outside.tif", raw_tiff(deep, extra={279: 10**9}), "truncated"
    yield "rows_lie.tif", raw_tiff(deep, extra={257: 2000}), "truncated"
    yield "fax.tif", raw_tiff(deep, extra={259: 4}), "unsupported_format"
    yield "printing.tif", raw_tiff(deep, extra={262: 5, 277: 4}), "unsupported_format"
    yield "big.tif", b"II+\0\x08\0\0\0" + bytes(100), "bad_header"


def _bad_webp_and_bmp() -> Iterator[Case]:
    web, bitmap = webp_bytes(), bmp_bytes()
    moving = io.BytesIO()
    frames = [Image.fromarray(phantom(seed=seed)) for seed in (1, 2)]
    frames[0].save(moving, "WEBP", save_all=True, append_images=frames[1:])
    yield "half.webp", web[: len(web) // 2], "truncated"
    yield "moving.webp", moving.getvalue(), "multi_frame"
    yield "trailing_zip.webp", web + zip_bytes(), "trailing_data"
    yield "empty.webp", b"RIFF\x04\0\0\0WEBP", "bad_header"
    yield "half.bmp", bitmap[: len(bitmap) // 2], "truncated"
    yield "trailing_zip.bmp", bitmap + zip_bytes(), "trailing_data"
    yield "bomb.bmp", bitmap[:18] + struct.pack("<ii", 60_000, -60_000) + bitmap[26:], "too_many_pixels"
    yield "rows_lie.bmp", bitmap[:22] + struct.pack("<i", 4000) + bitmap[26:], "truncated"
    yield "one_bit.bmp", bitmap[:28] + b"\x01" + bitmap[29:], "unsupported_depth"
    yield "run_length.bmp", bitmap[:30] + b"\x01" + bitmap[31:], "unsupported_depth"
