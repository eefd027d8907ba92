"""The lung finder's figures: overlap with what was drawn, and what its crop keeps and leaves out."""

import numpy as np
import pytest
from PIL import Image

from inference.engine.lungs import WHOLE
from inference.engine.preprocess import Prepared
from inference.training.lung_finder import finder_figures
from tests.inference import tiny


class Finder:
    """Finds the upper half of every film, or nothing where the film is black; without a finder it says so."""

    def __init__(self, *, has_finder=True):
        self._has_finder = has_finder

    def prepare(self, pixels):
        found = bool(pixels.any())
        lungs = np.zeros((96, 96), dtype=np.float32)
        lungs[:48] = 0.9 * found
        box = (0.0, 0.0, 0.5, 1.0) if found else WHOLE
        return Prepared(pixels, overview=pixels, box=box, lungs=lungs if self._has_finder else None, found=found)


@pytest.fixture
def folder(tmp_path):
    """Three films: lungs drawn where they are found, half of them beside, and a black film."""
    (tmp_path / "lung").mkdir()
    drawn = {0: slice(0, 128), 1: slice(64, 192), 2: slice(0, 128)}
    for index, rows in drawn.items():
        mask = np.zeros((256, 256), dtype=bool)
        mask[rows] = True
        Image.fromarray(mask).save(tmp_path / "lung" / f"normal-{index}.png")
        Image.fromarray(np.full((50, 50), 0 if index == 2 else 200, np.uint8)).save(tmp_path / f"normal-{index}.png")
    return tmp_path


def test_the_finder_is_measured_against_what_was_drawn(folder):
    films = [tiny.film("normal", index) for index in range(3)]
    found = finder_figures(Finder(), [*films, tiny.film("normal", 3)], images=folder, masks=folder)
    assert (found["n"], found["groups"]) == (3, 3)
    values = {name: figure["value"] for name, figure in found["figures"].items()}
    assert values == {
        "Dice": pytest.approx((1.0 + 0.5 + 0.0) / 3),
        "films with a Dice of 0.9 or more": pytest.approx(1 / 3),
        "films without lungs found": pytest.approx(1 / 3),
        "share of the drawn lungs that the crop keeps": pytest.approx((1.0 + 0.5 + 1.0) / 3),
        "share of the film that the crop keeps": pytest.approx((0.5 + 0.5 + 1.0) / 3),
    }


def test_a_bundle_without_a_finder_has_no_figures_of_one(folder):
    films = [tiny.film("normal", 0)]
    assert finder_figures(Finder(has_finder=False), films, images=folder, masks=folder) == {}
    assert finder_figures(Finder(), [tiny.film("normal", 3)], images=folder, masks=folder) == {}
