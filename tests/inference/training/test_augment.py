"""Augmentation keeps shape and range, follows its generator, and leaves a chest upright."""

import numpy as np

from inference.training.augment import augment
from tests.inference.tiny import draw


def batch(count=64):
    return np.stack([draw("normal", seed, side=48) for seed in range(count)]).astype(np.float32) / 255


def test_shape_and_range_stay():
    found = augment(batch(), np.random.default_rng(1))
    assert (found.shape, found.dtype) == ((64, 48, 48), np.float32)
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.isfinite(found).all()


def test_the_same_generator_gives_the_same_films():
    given = batch()
    before = given.copy()
    assert np.array_equal(augment(given, np.random.default_rng(1)), augment(given, np.random.default_rng(1)))
    assert not np.array_equal(augment(given, np.random.default_rng(1)), augment(given, np.random.default_rng(2)))
    assert np.array_equal(given, before)


def test_no_film_is_turned_upside_down():
    ramp = np.tile(np.linspace(0.1, 0.9, 48, dtype=np.float32)[:, np.newaxis], (200, 1, 48))
    found = augment(ramp, np.random.default_rng(3))
    assert (found[:, 30:40].mean(axis=(1, 2)) > found[:, 8:18].mean(axis=(1, 2))).mean() > 0.97
