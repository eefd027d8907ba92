"""The shortcut check finds a source that is in the embedding, and none that is not."""

import numpy as np
import pytest

from inference.training.shortcuts import guess_source
from tests.inference import tiny


def films(count, prefix, sources=("a", "b", "c")):
    return [
        tiny.film("normal", 0, group=f"{prefix}{index // 2}", source=sources[index % len(sources)])
        for index in range(count)
    ]


def embeddings(films, *, strength, seed):
    generator = np.random.default_rng(seed)
    values = generator.normal(0, 1, (len(films), 20))
    for index, film in enumerate(films):
        values[index, "abc".index(film.source)] += strength
    return values


def guessed(strength):
    learned, tested = films(240, "l"), films(240, "t")
    return guess_source(
        (embeddings(learned, strength=strength, seed=0), learned),
        (embeddings(tested, strength=strength, seed=1), tested),
    )


def test_a_source_that_shapes_the_embedding_is_guessed():
    found = guessed(strength=5.0)
    assert found["figures"]["accuracy"]["value"] > 0.95
    assert found["sources"] == ["a", "b", "c"]
    assert (found["n"], found["groups"], found["learned from"]) == (240, 120, 240)


def test_a_source_that_leaves_no_trace_is_guessed_by_chance():
    found = guessed(strength=0.0)
    assert found["figures"]["accuracy"]["value"] == pytest.approx(1 / 3, abs=0.1)
    assert found["largest source"] == pytest.approx(1 / 3)


def test_sources_with_few_films_and_a_single_source_are_left_out():
    learned, tested = films(60, "l", ("a", "b")), films(61, "t", ("a", "b"))
    few = [*tested[:40], tiny.film("normal", 0, group="t99", source="c")]
    found = guess_source((embeddings(learned, strength=5, seed=0), learned), (embeddings(few, strength=5, seed=1), few))
    assert found["sources"] == ["a", "b"]
    assert found["n"] == 40
    alone = films(60, "x", ("a",))
    values = embeddings(alone, strength=5, seed=2)
    assert guess_source((values, alone), (values, alone)) is None
