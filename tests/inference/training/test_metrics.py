"""The figures against a reference, and intervals that draw groups, not films."""

import numpy as np
import pytest

from inference.training.metrics import Scores, auroc, figures, with_intervals

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

    found, given = figures(scores(), labels=LABELS, threshold=0.5), scores()
    said = given.probabilities.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(given.targets, said))
    assert found["balanced accuracy"] == pytest.approx(metrics.balanced_accuracy_score(given.targets, said))
    recalls = metrics.recall_score(given.targets, said, average=None)
    precisions = metrics.precision_score(given.targets, said, average=None)
    areas = metrics.roc_auc_score(given.targets, given.probabilities, multi_class="ovr", average=None)
    for index, label in enumerate(LABELS):
        assert found[f"sensitivity {label}"] == pytest.approx(recalls[index])
        assert found[f"precision {label}"] == pytest.approx(precisions[index])
        assert found[f"auroc {label}"] == pytest.approx(areas[index])
    assert found["macro auroc"] == pytest.approx(areas.mean())


def test_ties_count_half():
    assert auroc(np.array([0.5, 0.5, 0.5]), np.array([True, False, False])) == 0.5


def test_the_selective_figures_by_hand():
    given = Scores(np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]]), np.array([0, 1, 0]), np.array(["a", "b", "c"]))
    found = figures(given, labels=("covid19", "normal"), threshold=0.65)
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["selective error"] == pytest.approx(1 / 2)
    assert found["normals called covid19"] == 1.0


def test_a_missing_class_leaves_its_figures_out():
    given = scores()
    found = figures(given.at(given.targets == 0), labels=LABELS, threshold=0.5)
    assert "macro auroc" not in found
    assert "sensitivity normal" not in found


def test_films_of_one_group_do_not_narrow_the_interval():
    def width(films_per_group):
        given = scores(films_per_group=films_per_group)
        found = with_intervals(given, labels=LABELS, threshold=0.5, resamples=200)
        assert found["groups"] == 300
        assert found["n"] == 300 * films_per_group
        accuracy = found["figures"]["accuracy"]
        assert accuracy["low"] < accuracy["value"] < accuracy["high"]
        return accuracy["high"] - accuracy["low"]

    assert width(4) == pytest.approx(width(1), rel=0.3)
