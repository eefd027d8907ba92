"""What the card says of siblings, by how they began; and figures that are not there are said to be so."""

import pytest

from inference.training.report_reach import precision, unseen
from inference.training.report_tables import NOT_MEASURED, cell, figures_table, table
from tests.inference.training.test_targets import evaluation, figure


def sibling(**changes):
    found = {"n": 9, "per label": {}, "figures": {"accuracy": figure(0.5), "balanced accuracy": figure(0.4)}}
    return {
        "network": "tiny", "left out": ["a", "b"], "size": 32, "minutes": 2.5, "epochs": 3,
        "inside": found, "outside": found, "sources": {"a": found}, **changes,
    }  # fmt: skip


def left_out(**changes):
    return {
        "siblings": [sibling(**changes)],
        "pooled": {"n": 9, "per label": {}, "figures": {"balanced accuracy": figure(0.4)}},
        "mean over sources": {"accuracy": {"value": 0.5, "sources": 1}},
    }


def measured():
    return {**evaluation(), "data": []}


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({}, ""),
        ({"initial weights": "none"}, ", from scratch"),
        ({"initial weights": "imagenet"}, ", started from imagenet"),
        ({"initial weights": "v1.npz"}, ", started from v1.npz, **which may have seen these sources**"),
    ],
)
def test_a_sibling_that_began_with_weights_that_may_have_seen_the_sources_is_marked(changes, start):
    text = unseen(measured(), left_out(**changes))["left_out"]
    assert f"Without a and b (tiny, 32 px, 2.5 minutes, 3 epochs{start}):" in text


def test_the_gap_to_unseen_sources_stands_first_among_the_limits():
    limits = unseen(measured(), left_out())["limits"]
    assert limits.startswith(
        "- **Expect worse at hospitals it has not seen.** Siblings reached a balanced accuracy of 0.400"
    )
    assert "against 0.400 inside" in limits


@pytest.mark.parametrize("stored", [None, {"inside": {}, "outside": {}}])
def test_without_siblings_or_with_a_file_of_an_earlier_make_nothing_is_made_up(stored):
    found = unseen(measured(), stored)
    assert found["left_out"] == NOT_MEASURED
    assert "How much worse was not measured" in found["limits"]
    assert found["aimed_at"].count("not measured") == 3


def test_another_precision_is_told_only_where_it_was_measured():
    assert "none is served" in precision(None)
    subset = {"n": 9, "figures": {"accuracy": figure(0.5)}}
    told = precision(
        {
            "same outcome": 8,
            "films": 9,
            "split": "test",
            "largest difference": 0.01,
            "mean difference": 0.001,
            "device": "a processor",
            "f32": subset,
            "bf16": subset,
        }
    )
    assert "8 of 9 test films have the same outcome" in told
    assert "| bfloat16 | 9 | 0.500 (0.490 to 0.510) |" in told


def test_a_figure_that_no_set_has_is_no_column_and_one_that_a_set_lacks_is_a_dash():
    sets = {"a": {"n": 2, "figures": {"x": figure(0.5)}}, "b": {"n": 3, "figures": {}}}
    assert figures_table(sets, ("x", "y")).splitlines() == [
        "| films | n | x |",
        "| --- | --- | --- |",
        "| a | 2 | 0.500 (0.490 to 0.510) |",
        "| b | 3 | – |",
    ]


def test_a_bar_within_a_cell_does_not_end_it():
    assert table(("a",), [("one|two",)]).splitlines()[-1] == "| one/two |"
    assert cell(None) == "–"
