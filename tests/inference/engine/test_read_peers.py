"""What other people's software wrote is read back: DCMTK's compressors, and real films."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import ExplicitVRBigEndian

from inference.engine.read import Picture, read_picture
from tests.pictures import dicom_bytes, phantom

FILM = phantom(top=4095)
DATA = Path(os.environ.get("LIGHTBOX_DATA", "../shared/data")) / "dicom"
# (command, option) of each DCMTK encoder and whether it loses nothing.
ENCODERS = {
    "JPEG baseline": ("dcmcjpeg", "+eb", False),
    "JPEG extended, 12 bits": ("dcmcjpeg", "+ee", False),
    "JPEG lossless, any predictor": ("dcmcjpeg", "+el", True),
    "JPEG lossless, first predictor": ("dcmcjpeg", "+e1", True),
    "JPEG-LS lossless": ("dcmcjpls", "+el", True),
    "JPEG-LS near-lossless": ("dcmcjpls", "+en", False),
    "RLE": ("dcmcrle", "+un", True),
}


@pytest.fixture
def read(tmp_path):
    def write_and_read(data: bytes) -> Picture:
        path = tmp_path / "film.dcm"
        path.write_bytes(data)
        return read_picture(path)

    return write_and_read


@pytest.mark.parametrize("name", ENCODERS)
def test_what_dcmtk_compresses_is_read_back(read, tmp_path, name):
    command, option, lossless = ENCODERS[name]
    if shutil.which(command) is None:
        pytest.skip(f"{command} (DCMTK) is not installed")
    film = phantom() if name == "JPEG baseline" else FILM
    source, target, back = (tmp_path / f"{step}.dcm" for step in ("source", "target", "back"))
    source.write_bytes(dicom_bytes(film))
    subprocess.run([command, option, source, target], check=True, capture_output=True)
    subprocess.run([command.replace("dcmc", "dcmd"), target, back], check=True, capture_output=True)

    compressed, expanded = read(target.read_bytes()), read(back.read_bytes())

    assert compressed.facts.dicom.transfer_syntax_uid != expanded.facts.dicom.transfer_syntax_uid
    # Two JPEG decoders may round one step apart; DCMTK also rescales before it loses, so its own answer is the measure.
    assert np.abs(compressed.pixels - expanded.pixels).max() <= (0 if lossless else 0.01)
    if lossless:
        assert np.array_equal(compressed.pixels, read(source.read_bytes()).pixels)


def test_what_dcmtk_writes_big_endian_is_read_back(read, tmp_path):
    if shutil.which("dcmconv") is None:
        pytest.skip("dcmconv (DCMTK) is not installed")
    source, target = tmp_path / "source.dcm", tmp_path / "target.dcm"
    source.write_bytes(dicom_bytes(FILM))
    subprocess.run(["dcmconv", "+tb", source, target], check=True, capture_output=True)

    swapped = read(target.read_bytes())

    assert swapped.facts.dicom.transfer_syntax_uid == ExplicitVRBigEndian
    assert np.array_equal(swapped.pixels, read(source.read_bytes()).pixels)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no DICOM files under LIGHTBOX_DATA ({DATA})")
def test_every_real_chest_film_is_decoded_with_contrast_and_the_spine_is_brighter_than_the_lungs():
    films = sorted((DATA / "chest").glob("*.dcm"))
    assert films

    for film in films:
        pixels = read_picture(film).pixels
        height, width = pixels.shape
        rows = slice(height // 3, height // 2)
        spine = np.median(pixels[rows, int(width * 0.45) : int(width * 0.55)])
        lungs = np.median(pixels[rows, int(width * 0.2) : int(width * 0.35)])
        assert np.percentile(pixels, 95) - np.percentile(pixels, 5) > 0.3, film.name
        assert spine > lungs, film.name
