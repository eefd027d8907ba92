"""Raster files are decoded to the grey that their sender saw, or refused; never repaired, never another exception."""

import errno
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from inference.engine.errors import EngineBusy, UnreadableImage
from inference.engine.read import read_picture
from tests.pictures import (
    colour_pictures,
    corpus,
    good_pictures,
    jpeg_bytes,
    phantom,
    png_bytes,
    raw_png,
    raw_tiff,
    tiff_bytes,
    webp_bytes,
)

GOOD = dict(good_pictures())
ORIENTATION = 0x0112


@pytest.fixture
def read(tmp_path):
    def write_and_read(data: bytes):
        path = tmp_path / "film"
        path.write_bytes(data)
        return read_picture(path)

    return write_and_read


@pytest.mark.parametrize("name", GOOD)
def test_every_good_file_becomes_grey_between_0_and_1(read, name):
    picture = read(GOOD[name])

    assert picture.pixels.dtype == np.float32
    assert picture.pixels.shape == (picture.facts.height, picture.facts.width)
    assert 0 <= picture.pixels.min() < 0.3
    assert 0.7 < picture.pixels.max() <= 1
    assert picture.sha256 == hashlib.sha256(GOOD[name]).hexdigest()


@pytest.mark.parametrize(
    "name",
    ["grey8.png", "grey8.tif", "grey8.bmp", "three_channels.png", "opaque.png", "lossless.webp", "capture_rgb.dcm"],
)
def test_eight_bits_are_shown_as_stored(read, name):
    picture = read(GOOD[name])

    assert np.abs(picture.pixels * 255 - phantom()).max() < 0.01
    assert picture.window == "8 bits as stored"


@pytest.mark.parametrize("name", ["grey16.png", "grey16_big_endian.tif", "tiff_lzw.tif", "packbits.tif"])
def test_sixteen_bits_are_stretched_alike_in_every_container(read, name):
    values = phantom(top=65535)
    low, high = np.percentile(values, (0.1, 99.9))

    picture = read(GOOD[name])

    assert np.allclose(picture.pixels, np.clip((values - low) / (high - low), 0, 1), atol=1e-5)
    assert f"{low:g} to {high:g}" in picture.window


@pytest.mark.parametrize("deep", [False, True])
def test_a_tiff_with_white_as_zero_is_inverted(read, deep):
    values = phantom(top=65535 if deep else 255)

    plain, inverse = read(raw_tiff(values)), read(raw_tiff(values, extra={262: 0}))

    assert np.allclose(inverse.pixels, 1 - plain.pixels, atol=1e-5)


def test_a_grey_palette_is_read_as_its_greys(read):
    values = phantom()
    palette = Image.fromarray(255 - values)
    palette.putpalette([255 - grey for grey in range(256) for _ in range(3)])
    file = io.BytesIO()
    palette.save(file, "PNG")

    assert np.abs(read(file.getvalue()).pixels * 255 - values).max() < 0.01


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("encode", [jpeg_bytes, png_bytes, tiff_bytes, webp_bytes])
def test_an_orientation_tag_is_applied_and_said(read, encode, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    plain = read(encode()).pixels
    turned = {
        2: np.fliplr(plain),
        3: np.rot90(plain, 2),
        4: np.flipud(plain),
        5: plain.T,
        6: np.rot90(plain, -1),
        7: np.rot90(plain, 2).T,
        8: np.rot90(plain),
    }

    picture = read(encode(exif=exif))

    assert np.abs(picture.pixels - turned[orientation]).max() < 0.02
    assert f"orientation tag {orientation}" in picture.window


def test_a_constant_picture_is_black_and_not_an_error(read):
    assert read(png_bytes(np.full((100, 100), 40_000, np.uint16))).pixels.max() == 0


def test_a_see_through_picture_is_refused(read):
    grey = phantom()
    half = np.dstack([grey, grey, grey, np.full_like(grey, 128)])

    with pytest.raises(UnreadableImage) as refusal:
        read(png_bytes(half))

    assert refusal.value.code == "transparent"


@pytest.mark.parametrize("name", dict(colour_pictures()))
def test_the_worker_refuses_colour_even_when_the_door_did_not(read, name):
    with pytest.raises(UnreadableImage) as refusal:
        read(dict(colour_pictures())[name])

    assert refusal.value.code == "colour"


def test_the_worker_inspects_again(read):
    for _, data, code in corpus():
        with pytest.raises(UnreadableImage) as refusal:
            read(data)
        assert refusal.value.code == code


@pytest.mark.parametrize(
    "data",
    [
        raw_png(128, 160, data=b"no zlib stream"),
        tiff_bytes(phantom(), compression="tiff_deflate").replace(b"\x78\x9c", b"\x00\x00", 1),
        webp_bytes()[:30] + bytes(len(webp_bytes()) - 30),
    ],
)
def test_pixels_that_do_not_decode_are_the_refusal_undecodable(read, data):
    with pytest.raises(UnreadableImage) as refusal:
        read(data)

    assert refusal.value.code == "undecodable"


def test_a_missing_file_is_no_fault_of_the_uploader(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "nowhere")


def test_a_time_limit_in_the_midst_of_decoding_is_no_fault_of_the_film(read, monkeypatch):
    class TimeLimitExceeded(Exception):
        """As the task queue's: a direct child of Exception, raised from a signal."""

    def interrupted(*_):
        raise TimeLimitExceeded

    monkeypatch.setattr("inference.engine.read.read_raster", interrupted)
    with pytest.raises(TimeLimitExceeded):
        read(png_bytes())


@pytest.mark.parametrize("trouble", [MemoryError(), OSError(errno.EIO, "Input/output error")], ids=["memory", "disk"])
def test_a_machine_in_trouble_in_the_midst_of_decoding_is_no_fault_of_the_film(read, monkeypatch, trouble):
    def interrupted(*_):
        raise trouble

    monkeypatch.setattr("inference.engine.read.read_raster", interrupted)
    with pytest.raises(EngineBusy, match=type(trouble).__name__):
        read(png_bytes())


@st.composite
def damaged_files(draw):
    data = bytearray(GOOD[draw(st.sampled_from(sorted(GOOD)))])
    # Half of the damage goes to the first part, where the structure is.
    at = st.integers(0, draw(st.sampled_from([min(len(data), 1500), len(data)])) - 1)
    for _ in range(draw(st.integers(1, 8))):
        data[draw(at)] ^= 1 << draw(st.integers(0, 7))
    if draw(st.booleans()):
        where = draw(at)
        data[where : where + draw(st.sampled_from([0, 1, 8]))] = draw(st.binary(max_size=16))
    return bytes(data[: draw(st.one_of(st.just(len(data)), at))])


# Derandomised: a suite that fails by luck teaches people to run it twice. Wider runs are for a fuzzing session.
@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.one_of(damaged_files(), st.binary(max_size=600)))
def test_damage_is_a_picture_or_a_refusal_and_nothing_else(tmp_path_factory, data):
    path: Path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(data)

    try:
        pixels = read_picture(path).pixels
    except UnreadableImage:
        return
    assert np.isfinite(pixels).all()
    assert pixels.min() >= 0
    assert pixels.max() <= 1
