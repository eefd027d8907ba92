"""Maps against masks: where they are laid, what lies inside, and that a map of nothing is a miss."""

import numpy as np
import pytest
from PIL import Image

from inference.engine.labels import LABELS
from inference.engine.lungs import WHOLE
from inference.engine.predict import Prediction
from inference.training.dataset import Manifest
from inference.training.maps import SIDE, map_figures, mass_within, peaks, peaks_within, place
from tests.inference import tiny


def area(top, left, bottom, right):
    found = np.zeros((SIDE, SIDE), dtype=bool)
    found[top:bottom, left:right] = True
    return found


def test_a_map_of_the_whole_film_covers_it():
    laid = place(np.array([[0.0, 0.0], [0.0, 1.0]], dtype=np.float16), WHOLE)
    assert laid.shape == (SIDE, SIDE)
    assert mass_within(laid, area(128, 128, 256, 256)) > 0.5
    assert mass_within(laid, area(0, 0, 256, 256)) == pytest.approx(1.0)


def test_a_map_of_a_crop_lies_in_its_box_alone():
    laid = place(np.ones((3, 3), dtype=np.float16), (0.25, 0.5, 0.75, 1.0))
    assert (laid > 0).sum() == 128 * 128
    assert mass_within(laid, area(64, 128, 192, 256)) == pytest.approx(1.0)


@pytest.mark.parametrize("box", [(0.0, 0.0, 0.001, 0.001), (0.99, 0.99, 1.0, 1.0)])
def test_a_box_of_hardly_anything_is_still_laid(box):
    assert place(np.ones((2, 2)), box).sum() > 0


def test_the_peak_is_the_middle_of_the_strongest_cell_of_the_crop():
    cam = np.array([[0.1, 0.2], [1.0, 0.3]])
    assert peaks(cam, WHOLE) == [(0.75, 0.25)]
    assert peaks(cam, (0.5, 0.5, 1.0, 1.0)) == [(pytest.approx(0.875), pytest.approx(0.625))]


def test_equal_peaks_share_the_hit():
    places = peaks(np.array([[1.0, 0.0], [0.0, 1.0]]), WHOLE)
    assert peaks_within(places, area(0, 0, 128, 128)) == 0.5


def test_a_map_that_is_all_zero_hits_nothing_and_divides_by_nothing():
    nothing = np.zeros((3, 3), dtype=np.float16)
    everywhere = area(0, 0, SIDE, SIDE)
    assert peaks(nothing, WHOLE) == []
    assert peaks_within([], everywhere) == 0.0
    assert mass_within(place(nothing, WHOLE), everywhere) == 0.0


@pytest.fixture
def masks(tmp_path):
    """Lungs on the left half of every film, infections in its upper part on those of COVID-19."""
    for folder in ("lung", "infection"):
        (tmp_path / folder).mkdir()
    for label in LABELS:
        for index in range(4):
            Image.fromarray(area(0, 0, 256, 128)).save(tmp_path / "lung" / f"{label}-{index}.png")
    for index in range(4):
        Image.fromarray(area(0, 0, 128, 128)).save(tmp_path / "infection" / f"covid19-{index}.png")
    return tmp_path


def prediction(label, cam):
    chances = {name: 0.8 if name == label else 0.1 for name in LABELS}
    return Prediction(
        outcome="finding" if cam is not None else "not_analysed", label=label, probabilities=chances, reason=None,
        explanation="", cam=cam, lineage={},
    )  # fmt: skip


class Known:
    """A predictor that is never asked, because every prediction is known."""

    labels = LABELS


def test_maps_are_measured_beside_maps_that_see_no_film(masks, tmp_path):
    manifest = Manifest(tuple(tiny.film(label, index) for label in LABELS for index in range(5)), "")
    upper_left = np.array([[1.0, 0.0], [0.0, 0.0]])
    cams = {"covid19": upper_left, "pneumonia": np.zeros((2, 2)), "normal": None}
    known = {film: prediction(film.label, cams[film.label]) for film in manifest.films}
    found = map_figures(Known(), manifest, known, images=tmp_path, masks=masks)
    # Of the films 2 (validation) and 3 (test) of each label; film 4 has no mask, films 0 and 1 are for the means.
    assert (found["n"], found["refused"], found["all zero"]) == (6, 2, 2)
    lungs, infection = found["sets"]["lungs"], found["sets"]["infection"]
    assert (lungs["n"], infection["n"]) == (4, 2)
    assert lungs["maps"]["class-activation map"]["peak inside"]["value"] == 0.5
    assert infection["maps"]["class-activation map"]["peak inside"]["value"] == 1.0
    assert infection["maps"]["every place alike"]["mass inside"]["value"] == pytest.approx(0.25, abs=0.01)
    assert infection["maps"]["every place alike"]["peak inside"]["value"] == pytest.approx(0.25, abs=0.01)
    assert infection["maps"]["mean infection of those"]["peak inside"]["value"] == 1.0
    assert found["sets"]["infection, where it said COVID"]["n"] == 2


def test_without_masks_there_is_nothing_to_check(tmp_path):
    manifest = Manifest((tiny.film("covid19", 2),), "")
    assert map_figures(Known(), manifest, {}, images=tmp_path, masks=tmp_path) == {}
