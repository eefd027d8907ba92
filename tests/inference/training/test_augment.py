"""Augmentation keeps shape and range, follows its generator, and leaves a chest upright."""

import numpy as np

from inference.training.augment import augment, move
from tests.inference.tiny import draw


def batch(count=64):
    return np.stack([draw("normal", seed, side=48) for seed in range(count)]).astype(np.float32) / 255


def test_shape_and_range_stay():
    found = augment(batch(), None, np.random.default_rng(1))
    assert (found.shape, found.dtype) == ((64, 48, 48), np.float32)
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.isfinite(found).all()


def test_the_same_generator_gives_the_same_films():
    given = batch()
    before = given.copy()
    assert np.array_equal(
        augment(given, None, np.random.default_rng(1)), augment(given, None, np.random.default_rng(1))
    )
    assert not np.array_equal(
        augment(given, None, np.random.default_rng(1)), augment(given, None, np.random.default_rng(2))
    )
    assert np.array_equal(given, before)


def test_no_film_is_turned_upside_down():
    ramp = np.tile(np.linspace(0.1, 0.9, 48, dtype=np.float32)[:, np.newaxis], (200, 1, 48))
    found = augment(ramp, None, np.random.default_rng(3))
    assert (found[:, 30:40].mean(axis=(1, 2)) > found[:, 8:18].mean(axis=(1, 2))).mean() > 0.97


def test_films_and_masks_are_moved_alike():
    films = batch(16)
    masks = (films > 0.5).astype(np.float32)
    (alone,) = move((films,), np.random.default_rng(4))
    both, moved = move((films, masks), np.random.default_rng(4))
    assert np.array_equal(alone, both)
    assert not np.allclose(both, films, atol=0.1)
    # What is moved in the same way keeps every sum and difference of the two.
    (sums,) = move((films + masks,), np.random.default_rng(4))
    assert np.allclose(sums, both + moved, atol=1e-5)


def test_what_is_outside_the_lungs_goes_with_no_film():
    films = np.full((200, 48, 48), 0.2, dtype=np.float32)
    films[::2] = 0.8
    lungs = np.zeros_like(films)
    lungs[:, 12:36, 12:36] = 1.0
    with_lungs = augment(films, lungs, np.random.default_rng(5))
    without = augment(films, None, np.random.default_rng(5))
    edge = [
        np.abs(found[:, 8:12, 3].mean(axis=1) - found[:, 22:26, 24].mean(axis=1)) for found in (with_lungs, without)
    ]
    # A constant film differs from itself where only the outside was changed, and then only.
    assert (edge[0] > 0.25).mean() > (edge[1] > 0.25).mean() + 0.1
    assert with_lungs.shape == films.shape
