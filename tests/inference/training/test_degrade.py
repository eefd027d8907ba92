"""Our compression is a JPEG's: the same errors as Pillow's at the same quality, on films of any side."""

import io

import numpy as np
import pytest
from PIL import Image

from inference.training.degrade import as_jpeg, compress
from tests.inference.tiny import draw


def smooth(side=64):
    y, x = np.mgrid[0:side, 0:side] / side
    return (0.5 + 0.3 * np.sin(5 * x + 2 * y) * np.cos(4 * y)).astype(np.float32)


def by_pillow(film, quality):
    file = io.BytesIO()
    Image.fromarray(np.round(film * 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), dtype=np.float32) / 255


def compressed(film, quality):
    return as_jpeg(film[np.newaxis], np.array([quality], dtype=np.float32))[0]


@pytest.mark.parametrize("quality", [20, 40, 50, 75, 90])
def test_a_smooth_film_comes_back_as_from_pillow(quality):
    gap = np.abs(compressed(smooth(), quality) - by_pillow(smooth(), quality))
    # A grey or two: Pillow rounds to whole greys before and after, and centres them on 128.
    assert gap.mean() < 1.5 / 255
    assert gap.max() < 10 / 255


@pytest.mark.parametrize("quality", [25, 60])
def test_the_blocks_it_leaves_in_a_film_are_pillows(quality):
    film = draw("covid19", 1, side=96).astype(np.float32) / 255
    ours, theirs = compressed(film, quality) - film, by_pillow(film, quality) - film
    assert np.abs(ours).mean() > 0.01
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.95


def test_lower_quality_loses_more():
    film = draw("normal", 1, side=48).astype(np.float32) / 255
    losses = [np.abs(compressed(film, quality) - film).mean() for quality in (20, 40, 60, 90)]
    assert losses == sorted(losses, reverse=True)


def test_films_are_chosen_by_chance_and_the_given_ones_stay_as_they_are():
    films = np.stack([draw("normal", seed, side=50) for seed in range(40)]).astype(np.float32) / 255
    before = films.copy()
    assert compress(films, np.random.default_rng(1), chance=0.0) is films
    some = compress(films, np.random.default_rng(1), chance=0.3)
    changed = (some != films).any(axis=(1, 2)).sum()
    assert 4 <= changed <= 20
    assert (compress(films, np.random.default_rng(1), chance=1.1) != films).any(axis=(1, 2)).all()
    assert np.array_equal(films, before)
    assert some.shape == films.shape
