"""The box around the lungs follows them, ignores stray spots, and is not made up where there are none."""

import numpy as np
import pytest

from inference.engine.lungs import WHOLE, lung_box
from inference.engine.preprocess import WORKING_SIDE, crop, finder_input, prepare


def lungs(*, top=0.2, bottom=0.8, left=0.15, right=0.85, side=96):
    y, x = (np.mgrid[0:side, 0:side] + 0.5) / side
    inside = (y > top) & (y < bottom) & (((x > left) & (x < 0.42)) | ((x > 0.58) & (x < right)))
    return inside.astype(np.float32)


def test_the_box_holds_the_lungs_with_a_margin():
    top, left, bottom, right = lung_box(lungs())
    assert 0.15 < top < 0.2
    assert 0.1 < left < 0.15
    assert 0.8 < bottom < 0.85
    assert 0.85 < right < 0.9


def test_a_stray_spot_does_not_stretch_the_box():
    spotted = lungs()
    spotted[1, 1] = spotted[-2, -2] = 1.0
    assert lung_box(spotted) == pytest.approx(lung_box(lungs()), abs=0.03)


def test_the_box_stays_in_the_film():
    box = lung_box(lungs(top=0.0, bottom=1.0, left=0.0, right=1.0))
    assert min(box) >= 0
    assert max(box) <= 1


@pytest.mark.parametrize(
    "found", [np.zeros((96, 96)), np.full((96, 96), 0.49), np.eye(96)], ids=["none", "unsure", "few"]
)
def test_no_lungs_no_box(found):
    assert lung_box(found.astype(np.float32)) is None


def test_what_is_outside_the_lungs_does_not_reach_the_network():
    film = np.random.default_rng(0).random((224, 224), dtype=np.float32)
    lettered = film.copy()
    lettered[:20] = 1.0
    lettered[:, -15:] = 0.0
    first, second = (prepare(one, size=64, find_lungs=lambda _: lungs()) for one in (film, lettered))
    assert np.array_equal(first.inputs, second.inputs)
    assert first.box == second.box == lung_box(lungs())
    # And without a finder it does.
    assert not np.array_equal(
        prepare(film, size=64, find_lungs=None).inputs, prepare(lettered, size=64, find_lungs=None).inputs
    )


def test_a_picture_without_lungs_is_prepared_whole_and_says_so():
    film = np.random.default_rng(0).random((200, 150), dtype=np.float32)
    found = prepare(film, size=48, find_lungs=np.zeros_like)
    assert (found.found, found.box, found.inputs.shape) == (False, WHOLE, (48, 48, 1))


def test_the_finder_reads_the_same_whatever_the_grey_scale():
    smooth = np.outer(np.linspace(0, 1, 224), np.linspace(0.2, 1, 224)).astype(np.float32)
    assert np.abs(finder_input(smooth) - finder_input(0.2 + 0.5 * smooth)).mean() < 0.01
    assert finder_input(smooth).shape == (96, 96, 1)


def test_a_crop_is_the_part_asked_for():
    ramp = np.tile(np.linspace(0, 1, WORKING_SIDE, dtype=np.float32), (WORKING_SIDE, 1))
    found = crop(ramp, (0.0, 0.25, 1.0, 0.75), side=WORKING_SIDE)
    assert found.shape == (WORKING_SIDE, WORKING_SIDE)
    assert found.min() == pytest.approx(0.25, abs=0.01)
    assert found.max() == pytest.approx(0.75, abs=0.01)
