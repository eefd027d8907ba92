"""Colour photographs are refused at the door; films with a tint, a mark or three equal channels are not."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from inference.engine import colour
from inference.engine.colour import is_colour_picture, refuse_colour
from inference.engine.colour_check import straying_share, verdict
from inference.engine.errors import UnreadableImage
from inference.engine.header import inspect_file
from tests.pictures import colour_pictures, good_pictures, jpeg_bytes, phantom, photograph, png_bytes, raw_png

TINTS = {
    "blue": ((10, 20, 60), (90, 120, 170), (225, 235, 255)),
    "sepia": ((30, 20, 10), (150, 120, 80), (255, 245, 220)),
    "warm light box": ((20, 10, 0), (140, 125, 90), (255, 250, 225)),
}
GREY = Image.fromarray(phantom(512, 400))


@pytest.fixture
def put(tmp_path):
    def write(data: bytes) -> Path:
        path = tmp_path / "film"
        path.write_bytes(data)
        return path

    return write


def tinted(name: str) -> Image.Image:
    black, middle, white = TINTS[name]
    return ImageOps.colorize(GREY, black, white, middle)


@pytest.mark.parametrize("name", dict(colour_pictures()))
def test_a_colour_photograph_is_refused_in_every_format(put, name):
    path = put(dict(colour_pictures())[name])

    assert is_colour_picture(path)
    with pytest.raises(UnreadableImage) as refusal:
        refuse_colour(path, inspect_file(path))
    assert refusal.value.code == "colour"


@pytest.mark.parametrize(
    "name", ["three_channels.png", "progressive.jpg", "lossy.webp", "grey8.bmp", "opaque.png", "capture_rgb.dcm"]
)
def test_grey_in_three_channels_is_let_through(put, name):
    path = put(dict(good_pictures())[name])

    refuse_colour(path, inspect_file(path))
    assert not is_colour_picture(path)


@pytest.mark.parametrize("name", TINTS)
def test_a_tint_is_no_colour(name):
    assert verdict(tinted(name)) == "grey"


@pytest.mark.parametrize("name", TINTS)
def test_a_tint_under_uneven_light_is_no_colour(name):
    film = np.asarray(tinted(name), dtype=float)
    light = np.linspace(0.8, 1.1, film.shape[1])[np.newaxis, :, np.newaxis]

    assert verdict(Image.fromarray((film * light).clip(0, 255).astype(np.uint8))) == "grey"


def test_a_few_coloured_marks_are_no_colour():
    film = np.asarray(GREY.convert("RGB")).copy()
    film[20:60, 20:100] = (255, 0, 0)
    film[300:330, 200:300] = (0, 200, 0)

    assert verdict(Image.fromarray(film)) == "grey"


def test_a_saturated_false_colour_map_is_colour_although_each_brightness_has_one():
    hot = ImageOps.colorize(GREY, (0, 0, 0), (255, 255, 0), (255, 0, 0))
    straying, _ = straying_share(hot)

    assert straying < 0.1
    assert verdict(hot) == "colour"


def test_the_measure_tells_photographs_from_films_by_a_wide_margin():
    photographs, _ = straying_share(Image.fromarray(photograph()))
    films = max(straying_share(tinted(name))[0] for name in TINTS)

    assert photographs > 0.2
    assert films < 0.05


def test_a_see_through_picture_is_refused_as_such(put):
    grey = phantom()
    path = put(png_bytes(np.dstack([grey, grey, grey, grey])))

    with pytest.raises(UnreadableImage) as refusal:
        refuse_colour(path, inspect_file(path))
    assert refusal.value.code == "transparent"


def test_one_sample_is_let_through_without_a_child(put, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a child was started"))
    path = put(png_bytes())

    refuse_colour(path, inspect_file(path))


def test_pixels_that_do_not_decode_are_refused_as_undecodable(put):
    path = put(raw_png(128, 160, colour_type=2, data=b"no zlib stream"))

    with pytest.raises(UnreadableImage) as refusal:
        refuse_colour(path, inspect_file(path))
    assert refusal.value.code == "undecodable"


def test_a_child_that_takes_too_long_is_a_refusal(put, monkeypatch):
    monkeypatch.setattr(colour, "_TIMEOUT_SECONDS", 0.001)
    path = put(jpeg_bytes(photograph()))

    with pytest.raises(UnreadableImage) as refusal:
        refuse_colour(path, inspect_file(path))
    assert refusal.value.code == "undecodable"


def test_the_child_inherits_none_of_our_secrets(put, monkeypatch):
    seen = {}
    real = subprocess.run

    def spy(*arguments, **options):
        seen.update(options["env"])
        return real(*arguments, **options)

    monkeypatch.setenv("SECRET_KEY", "a secret")
    monkeypatch.setattr(subprocess, "run", spy)
    path = put(jpeg_bytes(photograph()))

    assert is_colour_picture(path)
    assert "SECRET_KEY" not in seen


def test_the_child_runs_under_limits_of_memory_and_time(put):
    """A child told to print its limits: they are set before the file is opened."""
    program = (
        "import resource, sys; from inference.engine import colour_check\n"
        "colour_check._judge = lambda *_: str(sorted(map(resource.getrlimit, "
        "(resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE))))\n"
        "colour_check.main('x', 'png')"
    )
    root = Path(__file__).resolve().parents[3]
    answer = subprocess.run(
        [colour.sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )

    assert "(0, 0), (20, 20), (3221225472, 3221225472)" in answer.stdout
