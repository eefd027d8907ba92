"""Calibration against references computed another way, and the selective rule."""

import numpy as np
import pytest

from inference.engine.calibrate import (
    SelectiveRule,
    choose_rule,
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    probabilities,
    raise_for_unseen,
)


def sharpened(*, temperature, count=4000):
    generator = np.random.default_rng(5)
    honest = generator.normal(0, 1.5, (count, 3))
    chance = probabilities(honest, temperature=1.0)
    targets = np.array([generator.choice(3, p=row) for row in chance])
    return honest * temperature, targets


def test_probabilities_are_the_softmax():
    from scipy.special import softmax

    logits = np.array([[1.0, 2.0, 900.0], [-5.0, 0.0, 5.0]])
    assert np.allclose(probabilities(logits, temperature=2.0), softmax(logits / 2.0, axis=1))


def test_the_temperature_that_sharpened_the_logits_is_found():
    logits, targets = sharpened(temperature=2.5)
    assert fit_temperature(logits, targets) == pytest.approx(2.5, rel=0.05)


def test_the_temperature_is_the_reference_minimum():
    from scipy.optimize import minimize_scalar

    logits, targets = sharpened(temperature=0.7, count=300)
    reference = minimize_scalar(
        lambda value: negative_log_likelihood(logits, targets, temperature=value), bounds=(0.1, 5), method="bounded"
    )
    assert fit_temperature(logits, targets) == pytest.approx(reference.x, rel=1e-3)


def test_calibration_error_by_hand():
    probability = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.45, 0.55]])
    targets = np.array([0, 1, 0, 1])
    # Bins of a tenth: two films at 0.9, one right (gap 0.4); 0.6 right (0.4); 0.55 right (0.45).
    assert expected_calibration_error(probability, targets, bins=10) == pytest.approx((2 * 0.4 + 0.4 + 0.45) / 4)


def test_calibration_makes_the_error_smaller():
    logits, targets = sharpened(temperature=3.0)
    before = expected_calibration_error(probabilities(logits, temperature=1.0), targets)
    after = expected_calibration_error(probabilities(logits, temperature=fit_temperature(logits, targets)), targets)
    assert after < before / 3


def test_the_rule_names_as_often_as_its_error_allows():
    confidence = np.array([0.95, 0.9, 0.8, 0.7, 0.6])
    probability = np.stack([confidence, 1 - confidence], axis=1)
    targets = np.array([0, 0, 1, 0, 1])
    rule = choose_rule(probability, targets, most_error=0.25)
    assert (rule.threshold, rule.coverage, rule.error) == (0.7, 0.8, 0.25)
    assert rule.accepts("normal", 0.7)
    assert not rule.accepts("normal", 0.69)


def test_equals_are_named_together_or_not_at_all():
    probability = np.array([[0.9, 0.1], [0.8, 0.2], [0.8, 0.2]])
    rule = choose_rule(probability, np.array([0, 0, 1]), most_error=0.1)
    assert rule.threshold == 0.9


def test_an_error_out_of_reach_is_refused():
    with pytest.raises(ValueError, match="Allow more error"):
        choose_rule(np.array([[0.9, 0.1]]), np.array([1]), most_error=0.1)


def test_a_label_that_unseen_sources_are_falsely_called_by_needs_more():
    # Forty normal films of a source that the network never saw, half of them called COVID-19 at 0.61 to 0.99.
    called = np.linspace(0.61, 0.99, 20)
    covid = np.concatenate([called, np.full(20, 0.02)])
    probability = np.stack([covid, np.full(40, 0.01), 0.99 - covid], axis=1)
    rule = SelectiveRule(threshold=0.6, coverage=0.9, error=0.05)
    given = {"labels": ("covid19", "pneumonia", "normal"), "most_false": 0.1}
    raised = raise_for_unseen(rule, probability, np.full(40, 2), np.full(40, "elsewhere"), **given)
    assert set(raised.label_thresholds) == {"covid19"}
    assert (covid >= raised.threshold_of("covid19")).mean() == pytest.approx(0.1)
    assert raised.threshold_of("normal") == 0.6
    assert not raised.accepts("covid19", 0.7)


def test_a_small_unseen_source_counts_as_much_as_a_large_one():
    probability = np.tile([0.9, 0.05, 0.05], (110, 1))
    sources = np.array(["large"] * 100 + ["small"] * 10)
    probability[:100] = [0.1, 0.1, 0.8]
    rule = SelectiveRule(threshold=0.6, coverage=0.9, error=0.05)
    given = {"labels": ("covid19", "pneumonia", "normal"), "most_false": 0.2}
    raised = raise_for_unseen(rule, probability, np.full(110, 2), sources, **given)
    # A tenth of the films, but half by source.
    assert raised.threshold_of("covid19") > 0.9
