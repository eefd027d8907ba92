"""Preprocessing: one shape and range for every film, and blind to how the film's greys were mapped."""

import numpy as np
import pytest

from inference.engine.preprocess import to_input
from tests.inference.tiny import draw


def pixels(seed=1):
    return draw("normal", seed).astype(np.float32) / 255


@pytest.mark.parametrize("shape", [(120, 120), (400, 250), (90, 300)])
def test_every_film_becomes_one_square_in_range(shape):
    found = to_input(np.random.default_rng(0).random(shape, dtype=np.float32), size=48)
    assert found.shape == (48, 48, 1)
    assert found.dtype == np.float32
    assert 0 <= found.min() < found.max() <= 1


def test_a_monotone_change_of_greys_changes_little():
    smooth = (pixels() + 0.2) / 1.4
    gap = np.abs(to_input(smooth, size=64) - to_input(0.3 + 0.5 * smooth, size=64)).mean()
    stretched = np.abs(to_input(smooth, size=64) - to_input(smooth**1.5, size=64)).mean()
    raw = np.abs(smooth - smooth**1.5).mean()
    assert gap < 0.002
    assert stretched < raw / 5


def test_it_is_deterministic_and_leaves_its_input_alone():
    given = pixels()
    before = given.copy()
    assert np.array_equal(to_input(given, size=64), to_input(given, size=64))
    assert np.array_equal(given, before)


def test_dark_stays_dark():
    film = np.full((200, 200), 0.8, dtype=np.float32)
    film[:, 60:140] = 0.1
    found = to_input(film, size=32)[..., 0]
    assert found[:, 12:20].mean() < found[:, :5].mean()


def test_a_blank_film_gives_finite_greys():
    assert np.isfinite(to_input(np.zeros((100, 100), dtype=np.float32), size=32)).all()


@pytest.mark.parametrize("bad", [np.zeros((4, 4, 3)), np.full((4, 4), np.nan)])
def test_colour_and_missing_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="Expected finite grey pixels"):
        to_input(bad.astype(np.float32), size=32)
