"""Siblings: which films are outside, each once when they are pooled, and means over sources rather than films."""

import numpy as np
import pytest

from inference.training.dataset import Manifest
from inference.training.left_out import Scored, mean_over_sources, outside_films, pooled
from tests.inference import tiny


def test_a_film_whose_patient_a_known_source_also_has_is_not_outside():
    films = (
        tiny.film("normal", 0, source="known", group="shared"),
        tiny.film("normal", 1, source="unseen", group="shared"),
        tiny.film("normal", 2, source="unseen", group="own"),
        tiny.film("covid19", 3, source="unseen", group="own too"),
    )
    outside = outside_films(Manifest(films, ""), ("unseen",))
    assert [film.group for film in outside] == ["own", "own too"]


def scored(films, logits):
    return (
        Scored(
            np.array(logits, dtype=np.float32),
            np.array([("covid19", "normal").index(film.label) for film in films]),
            np.array([film.source for film in films]),
            np.array([film.group for film in films]),
        ),
        films,
    )


def test_a_film_that_two_siblings_never_saw_counts_once_as_their_mean():
    first, second = tiny.film("covid19", 0), tiny.film("normal", 1)
    found = pooled([scored([first, second], [[np.log(3), 0], [0, 0]]), scored([first], [[0, 0]])])
    assert found.targets.tolist() == [0, 1]
    assert found.groups.tolist() == [first.group, second.group]
    assert found.probabilities == pytest.approx(np.array([[0.625, 0.375], [0.5, 0.5]]))


def source(**figures):
    return {"figures": {name.replace("_", " "): {"value": value} for name, value in figures.items()}}


def test_a_mean_is_over_sources_where_the_figure_is_defined():
    siblings = [
        {"sources": {"a": source(accuracy=0.2), "b": source(accuracy=0.6, sensitivity_covid19=0.5)}},
        {"sources": {"a": source(accuracy=0.4)}},
    ]
    found = mean_over_sources(siblings)
    assert found["accuracy"] == {"value": pytest.approx(0.45), "sources": 2}
    assert found["sensitivity covid19"] == {"value": 0.5, "sources": 1}
