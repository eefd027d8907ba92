"""Pictures for tests, made from code: films that must be taken and every bad file that must be refused."""

from collections.abc import Iterator

from tests.pictures.bad_dicoms import bad_dicoms, deflate_bomb, nested_dicom
from tests.pictures.bad_rasters import bad_rasters
from tests.pictures.dicoms import LOSSLESS_SYNTAXES, dicom_bytes, dicom_dataset
from tests.pictures.good import colour_pictures, good_pictures, polyglot_preambles
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

__all__ = [
    "LOSSLESS_SYNTAXES",
    "bmp_bytes",
    "colour_pictures",
    "corpus",
    "deflate_bomb",
    "dicom_bytes",
    "dicom_dataset",
    "good_pictures",
    "jpeg_bytes",
    "nested_dicom",
    "phantom",
    "photograph",
    "png_bytes",
    "png_chunk",
    "polyglot_preambles",
    "raw_png",
    "raw_tiff",
    "tiff_bytes",
    "webp_bytes",
    "zip_bytes",
]


def corpus() -> Iterator[tuple[str, bytes, str]]:
    """(name, bytes, code) of every file that `inspect_file` must refuse, with the code of its refusal."""
    yield from bad_rasters()
    yield from bad_dicoms()
