"""Curves: their points give the figures they belong to."""

import numpy as np
import pytest

from inference.engine.calibrate import expected_calibration_error
from inference.training.curves import points, reliability
from inference.training.metrics import figures
from inference.training.selective import coverage_at_error, error_at_coverage, risk_coverage
from tests.inference.training.test_metrics import LABELS, scores


def test_the_area_under_the_points_is_the_auroc():
    given = scores(count=150)
    found, expected = points(given, LABELS), figures(given, labels=LABELS)
    for label in LABELS:
        roc = found["roc"][label]
        area = np.trapezoid(roc["true positive rate"], roc["false positive rate"])
        assert area == pytest.approx(expected[f"auroc {label}"], abs=1e-3)


def test_precision_and_recall_begin_at_nothing_found_and_end_at_all():
    found = points(scores(), LABELS)["precision-recall"]["normal"]
    assert (found["recall"][0], found["recall"][-1]) == (0.0, 1.0)
    assert np.all(np.diff(found["recall"]) >= 0)


def test_a_label_without_films_has_no_curve():
    given = scores()
    assert set(points(given.at(given.targets != 1), LABELS)["roc"]) == {"covid19", "normal"}


def test_the_bins_give_the_calibration_error():
    given = scores()
    bins = reliability(given)
    total = sum(found["n"] for found in bins)
    gap = sum(found["n"] * abs(found["confidence"] - found["accuracy"]) for found in bins) / total
    assert total == len(given.targets)
    assert gap == pytest.approx(expected_calibration_error(given.probabilities, given.targets), abs=1e-4)


def test_a_long_curve_is_thinned_and_keeps_its_ends():
    found = points(scores(count=3000), LABELS)["risk-coverage"]
    assert len(found["coverage"]) == 200
    assert found["coverage"][-1] == 1.0


CONFIDENCE = np.array([0.9, 0.8, 0.8, 0.6, 0.5])
WRONG = np.array([False, False, True, False, True])


def test_risk_and_coverage_by_hand():
    coverage, error = risk_coverage(CONFIDENCE, WRONG)
    assert coverage.tolist() == pytest.approx([0.2, 0.6, 0.8, 1.0])
    assert error.tolist() == pytest.approx([0, 1 / 3, 1 / 4, 2 / 5])


@pytest.mark.parametrize(("coverage", "expected"), [(0.2, 0.0), (0.4, 1 / 3), (0.6, 1 / 3), (0.8, 1 / 4), (1.0, 2 / 5)])
def test_films_of_one_confidence_are_answered_together(coverage, expected):
    assert error_at_coverage(CONFIDENCE, WRONG, coverage=coverage) == pytest.approx(expected)


@pytest.mark.parametrize(("most_error", "expected"), [(0.0, 0.2), (0.25, 0.8), (0.3, 0.8), (0.4, 1.0)])
def test_the_largest_coverage_at_an_error(most_error, expected):
    assert coverage_at_error(CONFIDENCE, WRONG, most_error=most_error) == pytest.approx(expected)


def test_no_coverage_where_even_the_surest_film_is_wrong():
    assert coverage_at_error(CONFIDENCE, ~WRONG, most_error=0.1) == 0.0
