"""Batches: the same for the same seed, epoch and step; in order through the pipeline; blended targets sum to one."""

import os
from dataclasses import replace

import numpy as np
import pytest

from inference.training.augment import mix_up
from inference.training.batches import Batches
from inference.training.inputs import Inputs
from tests.inference import tiny

COUNT = 12


def batches(*, with_lungs=False, weights=None, epoch=0, **changes):
    films = np.stack([tiny.draw("normal", seed, side=32) for seed in range(COUNT)])
    lungs = np.where(films < 90, 255, 0).astype(np.uint8) if with_lungs else None
    inputs = Inputs(pixels=films, overview=films, lungs=lungs, whole_lungs=None, films=[tiny.film("normal", 0)] * COUNT)
    weights = np.full(COUNT, 1 / COUNT) if weights is None else weights
    config = replace(tiny.CONFIG, **changes)
    return Batches(inputs, np.arange(COUNT) % 3, weights, config=config, epoch=epoch)


def same(first, second):
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("with_lungs", [False, True])
def test_a_batch_follows_from_seed_epoch_and_step(with_lungs):
    first = batches(with_lungs=with_lungs, mix_up=0.2).batch(3)
    assert same(first, batches(with_lungs=with_lungs, mix_up=0.2).batch(3))
    assert not same(first, batches(with_lungs=with_lungs, mix_up=0.2).batch(2))
    assert not same(first, batches(with_lungs=with_lungs, mix_up=0.2, epoch=1).batch(3))
    assert not same(first, batches(with_lungs=with_lungs, mix_up=0.2, seed=2).batch(3))


def test_films_are_in_range_and_of_the_networks_shape():
    films, targets = batches(with_lungs=True, mix_up=0.2).batch(0)
    assert (films.shape, films.dtype) == ((8, 32, 32, 1), np.float32)
    assert (targets.shape, targets.dtype) == ((8, 3), np.float32)
    assert 0 <= films.min() < films.max() <= 1


def test_films_are_drawn_by_their_weights():
    weights = np.zeros(COUNT)
    weights[[1, 4, 7, 10]] = 0.25
    for step in range(5):
        assert batches(weights=weights).batch(step)[1].argmax(axis=1).tolist() == [1] * 8


@pytest.mark.parametrize("cores", [1, 8])
def test_the_pipeline_gives_the_epochs_batches_in_order(cores, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    made = batches(mix_up=0.2, steps_per_epoch=5)
    pipeline = made.pipeline()
    assert [tuple(spec.shape) for spec in pipeline.element_spec] == [(8, 32, 32, 1), (8, 3)]
    found = list(pipeline.as_numpy_iterator())
    assert len(found) == 5
    assert all(same(batch, made.batch(step)) for step, batch in enumerate(found))


def films_and_targets():
    generator = np.random.default_rng(0)
    return generator.random((64, 8, 8), dtype=np.float32), np.eye(3, dtype=np.float32)[generator.integers(0, 3, 64)]


def test_blended_targets_sum_to_one_and_each_film_outweighs_the_other():
    films, targets = films_and_targets()
    blended, shares = mix_up(films, targets, np.random.default_rng(1), alpha=0.4)
    assert shares.sum(axis=1) == pytest.approx(1)
    assert ((shares * targets).sum(axis=1) >= 0.5 - 1e-6).all()
    assert (shares.max(axis=1) < 0.95).any()
    assert 0 <= blended.min() <= blended.max() <= 1
    assert not np.allclose(blended, films)


def test_films_are_blended_as_their_targets_are():
    _, targets = films_and_targets()
    # A film that is its own label in grey must come back as its blended label.
    films = np.repeat(targets.argmax(axis=1).astype(np.float32), 64).reshape(64, 8, 8)
    blended, shares = mix_up(films, targets, np.random.default_rng(1), alpha=0.4)
    assert blended[:, 0, 0] == pytest.approx(shares @ np.arange(3), abs=1e-5)


def test_alpha_zero_blends_nothing_and_draws_nothing():
    films, targets = films_and_targets()
    generator = np.random.default_rng(1)
    blended, shares = mix_up(films, targets, generator, alpha=0.0)
    assert blended is films
    assert shares is targets
    assert generator.random() == np.random.default_rng(1).random()
