"""Mistakes in words, refusals by reason and source, overlap of lungs: counted by hand."""

import numpy as np
import pytest

from inference.training.failures import failures
from inference.training.lung_finder import dice
from inference.training.metrics import Scores
from inference.training.refusals import of_films
from tests.inference import tiny

LABELS = ("covid19", "normal")


def scored(*chances):
    """Films of COVID-19 and normal in turn, with the given probabilities of COVID-19."""
    films = [
        tiny.film(LABELS[index % 2], index, view="AP", patient_id=f"p{index}", source=f"s{index % 2}")
        for index in range(len(chances))
    ]
    rows = np.array([[chance, 1 - chance] for chance in chances])
    targets = np.arange(len(chances)) % 2
    groups = np.array([film.group for film in films])
    return films, Scores(rows, targets, groups, rows.max(axis=1) > 0.7)


def test_mistakes_are_counted_by_kind_and_source_and_the_surest_are_told():
    found = failures(*scored(0.9, 0.6, 0.2, 0.8, 0.4, 0.99, 0.8, 0.7), LABELS)
    assert found["wrong"] == 6
    assert found["kinds"] == [
        {"true": "normal", "said": "covid19", "source": "s1", "n": 4, "of": 4},
        {"true": "covid19", "said": "normal", "source": "s0", "n": 2, "of": 4},
    ]
    told = [(one["true"], one["said"], one["probability"], one["named"]) for one in found["examples"]]
    assert told == [
        ("covid19", "normal", 0.8, True),
        ("covid19", "normal", 0.6, False),
        ("normal", "covid19", 0.99, True),
        ("normal", "covid19", 0.8, True),
        ("normal", "covid19", 0.7, False),
    ]


def test_an_example_names_no_file_and_no_person():
    (one,) = failures(*scored(0.1), LABELS)["examples"]
    assert set(one) == {"true", "said", "probability", "named", "source", "view", "age group"}
    assert not {"covid19-0.png", "p0", "covid19-0"} & {str(value) for value in one.values()}


def test_where_nothing_is_wrong_there_is_nothing_to_tell():
    assert failures(*scored(0.9, 0.1), LABELS) == {"wrong": 0, "kinds": [], "examples": []}


def test_refusals_are_counted_by_reason_and_source_and_share_of_all_films():
    films = [tiny.film("normal", index, source=f"s{index % 2}") for index in range(20)]
    found = of_films(films[:15], [(film, "blank") for film in films[15:]])
    assert (found["n"], found["refused"], found["by source"]) == (20, {"blank": 5}, {"s1": 3, "s0": 2})
    assert found["share"]["value"] == 0.25
    assert 0 < found["share"]["low"] < 0.25 < found["share"]["high"] < 1


@pytest.mark.parametrize(
    ("found", "drawn", "expected"),
    [
        ([1, 1, 0], [1, 1, 0], 1.0),
        ([1, 1, 0], [0, 1, 1], 0.5),
        ([1, 0, 0], [0, 0, 1], 0.0),
        ([0, 0, 0], [0, 0, 0], 0.0),
    ],
)
def test_dice_is_the_overlap_over_the_mean_area(found, drawn, expected):
    assert dice(np.array(found, dtype=bool), np.array(drawn, dtype=bool)) == expected
