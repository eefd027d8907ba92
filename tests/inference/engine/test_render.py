"""The pictures made for people: sizes, depth, smoothness, and a heat map that keeps its order for every eye."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from inference.engine.header import FileFacts
from inference.engine.read import Picture
from inference.engine.render import display_rendition, heatmap_overlay, thumbnail


def picture(height: int, width: int) -> Picture:
    ramp = np.linspace(0, 1, width, dtype=np.float32)[np.newaxis].repeat(height, axis=0)
    return Picture(np.ascontiguousarray(ramp), FileFacts("png", "image/png", width, height, 16, 1), "", "")


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def overlay(values: np.ndarray, side: int = 64) -> np.ndarray:
    return np.asarray(opened(heatmap_overlay(values, width=side, height=side)))


@pytest.mark.parametrize(
    ("size", "shown"),
    [((100, 80), (100, 80)), ((3072, 60), (3072, 60)), ((4000, 3000), (3072, 2304)), ((60, 6144), (30, 3072))],
)
def test_the_rendition_is_grey_png_of_at_most_3072_pixels_and_never_enlarged(size, shown):
    image = opened(display_rendition(picture(*size)))

    assert (image.format, image.mode) == ("PNG", "L")
    assert (image.height, image.width) == shown


def test_the_rendition_rounds_each_grey_once():
    image = opened(display_rendition(picture(64, 256)))

    assert np.array_equal(np.asarray(image)[0], np.arange(256))


def test_a_smaller_rendition_has_no_ringing_at_a_hard_edge_beyond_the_scale_and_keeps_the_mean():
    pixels = np.zeros((100, 6144), dtype=np.float32)
    pixels[:, 3072:] = 1
    film = Picture(pixels, FileFacts("png", "image/png", 6144, 100, 8, 1), "", "")

    values = np.asarray(opened(display_rendition(film)))

    assert set(np.unique(values[:, :1500])) == {0}
    assert set(np.unique(values[:, 1600:])) == {255}
    assert abs(values.mean() / 255 - 0.5) < 0.01


def test_fine_stripes_become_their_mean_and_not_a_moire():
    pixels = np.zeros((64, 6144 * 2), dtype=np.float32)
    pixels[:, ::2] = 1
    film = Picture(pixels, FileFacts("png", "image/png", 6144 * 2, 64, 8, 1), "", "")

    values = np.asarray(opened(display_rendition(film)))[:, 10:-10]

    assert np.abs(values.astype(int) - 128).max() <= 2


def test_the_thumbnail_is_a_small_grey_jpeg():
    image = opened(thumbnail(picture(2000, 1000)))

    assert (image.format, image.mode, image.size) == ("JPEG", "L", (128, 256))


def test_a_heat_map_is_as_large_as_asked_and_clear_where_low():
    values = np.zeros((7, 7), dtype=np.float16)
    values[3, 3] = 1
    shown = np.asarray(opened(heatmap_overlay(values, width=300, height=400)))

    assert shown.shape == (400, 300, 4)
    assert shown[0, 0, 3] == 0
    assert shown[200, 150, 3] > 100


def test_a_heat_map_never_hides_the_film():
    assert overlay(np.ones((7, 7)))[..., 3].max() < 200


def test_the_colours_of_the_heat_map_get_brighter_all_the_way_so_that_any_eye_can_order_them():
    steps = [overlay(np.full((7, 7), value))[0, 0, :3] for value in np.linspace(0, 1, 41)]
    # Relative luminance, WCAG 2.2.
    linear = [np.where(rgb / 255 <= 0.04045, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4) for rgb in steps]
    luminance = [float(rgb @ (0.2126, 0.7152, 0.0722)) for rgb in linear]

    assert all(later > earlier for earlier, later in itertools.pairwise(luminance))


def test_a_constant_map_and_values_outside_are_no_error():
    assert overlay(np.zeros((7, 7)))[..., 3].max() == 0
    assert np.array_equal(overlay(np.full((7, 7), 3.0)), overlay(np.ones((7, 7))))


@pytest.mark.parametrize("values", [np.zeros((2, 2, 2)), np.full((7, 7), np.nan), np.zeros(5)])
def test_what_is_no_map_is_refused(values):
    with pytest.raises(ValueError, match="finite map"):
        heatmap_overlay(values, width=10, height=10)


def coloured(box: tuple[float, float, float, float], *, width: int = 80, height: int = 100) -> np.ndarray:
    shown = np.asarray(opened(heatmap_overlay(np.ones((7, 7)), width=width, height=height, box=box)))
    assert shown.shape == (height, width, 4)
    return shown[..., 3] > 0


def test_a_heat_map_lies_in_the_part_that_the_network_read():
    inside = coloured((0.2, 0.25, 0.9, 0.5))

    assert inside[20:90, 20:40].all()
    assert inside.sum() == 70 * 20


def test_a_heat_map_of_the_whole_film_covers_it():
    assert coloured((0.0, 0.0, 1.0, 1.0)).all()


@pytest.mark.parametrize(
    ("box", "pixels"),
    [
        ((0.5, 0.5, 0.5, 0.5), 1),
        ((0.5, 0.5, 0.501, 0.501), 1),
        ((1.0, 1.0, 1.0, 1.0), 0),
        ((0.0, 0.0, 0.0, 1.0), 80),
        ((0.999, 0.0, 1.0, 1.0), 0),
    ],
    ids=["a point", "less than a pixel", "the corner", "a line", "below the last row"],
)
def test_a_box_without_area_is_no_error(box, pixels):
    assert coloured(box).sum() == pixels
