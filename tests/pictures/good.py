"""Files that must be taken, files that only the colour check may refuse, and preambles that must be zeroed."""

from collections.abc import Iterator

import numpy as np
from pydicom.uid import JPEGBaseline8Bit, SecondaryCaptureImageStorage

from tests.pictures.dicoms import LOSSLESS_SYNTAXES, dicom_bytes
from tests.pictures.rasters import (
    bmp_bytes,
    jpeg_bytes,
    phantom,
    photograph,
    png_bytes,
    raw_tiff,
    tiff_bytes,
    webp_bytes,
)


def good_pictures() -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of one film in every format, depth and transfer syntax that must be taken."""
    deep = phantom(top=65535)
    three = np.repeat(phantom()[..., np.newaxis], 3, axis=2)
    opaque = np.dstack([three, np.full(three.shape[:2], 255, np.uint8)])
    yield "grey8.png", png_bytes()
    yield "grey16.png", png_bytes(deep)
    yield "three_channels.png", png_bytes(three)
    yield "opaque.png", png_bytes(opaque)
    yield "grey8.jpg", jpeg_bytes()
    yield "progressive.jpg", jpeg_bytes(three, progressive=True)
    yield "grey8.tif", tiff_bytes()
    yield "grey16.tif", tiff_bytes(deep)
    yield "grey16_big_endian.tif", tiff_bytes(deep, big_endian=True)
    yield "grey16_white_is_zero.tif", raw_tiff(deep, extra={262: 0})
    for compression in ("tiff_lzw", "tiff_deflate", "packbits"):
        yield f"{compression}.tif", tiff_bytes(deep, compression=compression)
    yield "lossless.webp", webp_bytes()
    yield "lossy.webp", webp_bytes(lossless=False, quality=90)
    yield "grey8.bmp", bmp_bytes()
    yield "three_channels.bmp", bmp_bytes(three)
    for syntax in LOSSLESS_SYNTAXES:
        yield f"{syntax}.dcm", dicom_bytes(transfer_syntax=syntax)
        yield f"{syntax}_8.dcm", dicom_bytes(phantom(), transfer_syntax=syntax)
    yield "baseline.dcm", dicom_bytes(phantom(), transfer_syntax=JPEGBaseline8Bit)
    yield "capture_rgb.dcm", dicom_bytes(three, SOPClassUID=SecondaryCaptureImageStorage, Modality="OT")
    for name, preamble in polyglot_preambles().items():
        yield f"preamble_{name}.dcm", dicom_bytes(preamble=preamble)


def colour_pictures() -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of colour photographs: their headers are fine, `refuse_colour` must refuse them."""
    yield "photograph.png", png_bytes(photograph())
    yield "photograph.jpg", jpeg_bytes(photograph())
    yield "photograph.webp", webp_bytes(photograph())
    yield "photograph.tif", tiff_bytes(photograph())
    yield "photograph.bmp", bmp_bytes(photograph())
    yield "photograph.dcm", dicom_bytes(photograph(), SOPClassUID=SecondaryCaptureImageStorage, Modality="OT")


def polyglot_preambles() -> dict[str, bytes]:
    """128-byte preambles that make another file of a DICOM file (CVE-2019-11687)."""
    starts = {
        "mz": b"MZ\x90\x00",
        "elf": b"\x7fELF\x02\x01\x01",
        "html": b"<html><script>alert(1)</script>",
        "pdf": b"%PDF-1.7\n",
        "tiff": b"II*\x00\x08\x00\x00\x00",
        "shell": b"#!/bin/sh\nid\n",
    }
    return {name: start.ljust(128, b"\0") for name, start in starts.items()}
