"""The figures against a reference, and intervals that draw groups, not films."""

import numpy as np
import pytest

from inference.training.metrics import (
    Scores,
    auroc,
    average_precision,
    bootstrap,
    covid_label,
    figures,
    one_against_rest,
    wilson,
    with_intervals,
)

LABELS = ("covid19", "pneumonia", "normal")


def scores(count=300, films_per_group=1, seed=0):
    generator = np.random.default_rng(seed)
    targets = np.repeat(generator.integers(0, 3, count), films_per_group)
    raw = np.repeat(generator.random((count, 3)), films_per_group, axis=0)
    raw[np.arange(len(targets)), targets] += 0.4
    groups = np.repeat(np.arange(count), films_per_group).astype(str)
    return Scores(raw / raw.sum(axis=1, keepdims=True), targets, groups)


def test_figures_are_the_references():
    from sklearn import metrics

    given = scores()
    found = figures(given, labels=LABELS)
    said = given.probabilities.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(given.targets, said))
    assert found["balanced accuracy"] == pytest.approx(metrics.balanced_accuracy_score(given.targets, said))
    recalls = metrics.recall_score(given.targets, said, average=None)
    precisions = metrics.precision_score(given.targets, said, average=None)
    areas = metrics.roc_auc_score(given.targets, given.probabilities, multi_class="ovr", average=None)
    for index, label in enumerate(LABELS):
        positive = given.targets == index
        assert found[f"sensitivity {label}"] == pytest.approx(recalls[index])
        assert found[f"precision {label}"] == pytest.approx(precisions[index])
        assert found[f"auroc {label}"] == pytest.approx(areas[index])
        expected = metrics.average_precision_score(positive, given.probabilities[:, index])
        assert found[f"average precision {label}"] == pytest.approx(expected)
    assert found["macro auroc"] == pytest.approx(areas.mean())
    assert found["macro f1"] == pytest.approx(metrics.f1_score(given.targets, said, average="macro"))


def test_ties_count_half():
    assert auroc(np.array([0.5, 0.5, 0.5]), np.array([True, False, False])) == 0.5
    assert average_precision(np.array([0.5, 0.5, 0.1]), np.array([True, False, True])) == pytest.approx(
        (0.5 + 2 / 3) / 2
    )


def test_the_figures_of_the_selective_rule_by_hand():
    given = Scores(
        np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]]),
        np.array([0, 1, 0, 1]),
        np.array(["a", "b", "c", "d"]),
        np.array([True, False, True, True]),
    )
    found = figures(given, labels=("covid19", "normal"))
    assert found["coverage"] == 3 / 4
    assert found["selective error"] == pytest.approx(1 / 3)
    assert (found["coverage covid19"], found["selective error covid19"]) == (1.0, 0.5)
    assert (found["coverage normal"], found["selective error normal"]) == (0.5, 0.0)
    assert (found["error where covid19 is named"], found["error where normal is named"]) == (0.0, 0.5)
    assert found["normals called covid19"] == 0.5
    assert found["normals named covid19"] == 0.0


def test_without_the_products_answer_there_is_no_figure_of_its_rule():
    assert not {"coverage", "selective error"} & figures(scores(), labels=LABELS).keys()


def test_a_missing_class_leaves_its_figures_out():
    given = scores()
    found = figures(given.at(given.targets == 0), labels=LABELS)
    assert not {"macro auroc", "macro f1", "sensitivity normal", "f1 normal", "auroc covid19"} & found.keys()


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (LABELS, "covid19"),
        (("non_covid", "covid19"), "covid19"),
        (("normal", "pneumonia", "pneumonia_covid"), "pneumonia_covid"),
        (("normal", "pneumonia"), None),
    ],
)
def test_the_label_of_covid_is_known_in_every_label_set(labels, expected):
    assert covid_label(labels) == expected


def test_three_labels_read_as_two():
    given = Scores(np.array([[0.4, 0.3, 0.3], [0.6, 0.3, 0.1]]), np.array([0, 2]), np.array(["a", "b"]))
    found = one_against_rest(given, 0)
    assert found.probabilities.tolist() == [[0.4, 0.6], [0.6, 0.4]]
    assert found.targets.tolist() == [0, 1]
    assert figures(found, labels=("covid19", "other"))["accuracy"] == 0.0


def test_films_of_one_group_do_not_narrow_the_interval():
    def width(films_per_group):
        given = scores(films_per_group=films_per_group)
        found = with_intervals(given, labels=LABELS, resamples=200)
        assert found["groups"] == 300
        assert found["n"] == 300 * films_per_group
        accuracy = found["figures"]["accuracy"]
        assert accuracy["low"] < accuracy["value"] < accuracy["high"]
        return accuracy["high"] - accuracy["low"]

    assert width(4) == pytest.approx(width(1), rel=0.3)


def test_a_figure_that_no_resample_has_is_known_to_no_precision():
    def compute(chosen):
        return {"only of all": 0.5} if len(set(chosen.tolist())) == 40 else {}

    found = bootstrap(np.arange(40).astype(str), compute, resamples=20)
    assert found == {"only of all": {"value": 0.5, "low": 0.025, "high": 0.975}}


def test_an_interval_of_a_share_is_wilsons():
    low, high = wilson(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert wilson(0, 10)[0] == 0.0
    assert wilson(10, 10)[1] == pytest.approx(1.0)
