"""Groups that validation goes worst for are drawn more often, and nothing else changes."""

import numpy as np
import pytest

from inference.training.dataset import sampling_weights
from inference.training.robust import group_losses, group_of, group_shares, raise_worst, with_shares
from tests.inference import tiny

FILMS = [tiny.film("normal", 0, source="large")] * 6 + [tiny.film("normal", 0, source="small")] * 2
FILMS += [tiny.film("covid19", 0, source="small")] * 4
WEIGHTS = sampling_weights(FILMS, source_exponent=0.5)
LARGE, SMALL, COVID = "normal from large", "normal from small", "covid19 from small"


def test_a_group_is_a_label_from_a_source():
    assert [group_of(FILMS[index]) for index in (0, 6, 8)] == [LARGE, SMALL, COVID]


def test_the_shares_a_run_begins_with_change_nothing():
    shares = group_shares(FILMS, WEIGHTS)
    assert sum(shares.values()) == pytest.approx(1)
    assert with_shares(FILMS, WEIGHTS, shares) == pytest.approx(WEIGHTS)


def test_films_are_drawn_by_their_groups_share():
    changed = with_shares(FILMS, WEIGHTS, {LARGE: 0.2, SMALL: 0.7, COVID: 0.1})
    assert changed[:6] == pytest.approx(0.2 / 6)
    assert changed[6:8] == pytest.approx(0.35)
    assert changed[8:] == pytest.approx(0.025)


def test_a_share_grows_with_the_exponential_of_its_loss():
    shares = raise_worst({LARGE: 0.5, SMALL: 0.25, COVID: 0.25}, {LARGE: 0.0, SMALL: 2.0, COVID: 0.0}, rate=0.5)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares[SMALL] / shares[COVID] == pytest.approx(np.e)
    assert shares[LARGE] / shares[COVID] == pytest.approx(2)


def test_a_group_without_validation_films_counts_as_one_of_the_mean_loss():
    shares = raise_worst({LARGE: 1 / 3, SMALL: 1 / 3, COVID: 1 / 3}, {LARGE: 1.0, SMALL: 3.0}, rate=1.0)
    assert shares[COVID] / shares[LARGE] == pytest.approx(np.e)
    assert shares[SMALL] / shares[COVID] == pytest.approx(np.e)


def test_rate_zero_and_losses_beyond_exp_are_no_trouble():
    before = {LARGE: 0.5, SMALL: 0.3, COVID: 0.2}
    assert raise_worst(before, {LARGE: 5.0, SMALL: 1.0}, rate=0.0) == pytest.approx(before)
    assert raise_worst(before, {LARGE: 1e4, SMALL: 0.0, COVID: 0.0}, rate=1.0)[LARGE] == pytest.approx(1)


def test_a_groups_loss_is_the_mean_over_its_films():
    logits = np.log([[0.5, 0.5], [0.25, 0.75], [0.1, 0.9]])
    films = [tiny.film(label, index, source="a") for index, label in enumerate(("covid19", "covid19", "normal"))]
    losses = group_losses(films, logits, np.array([0, 0, 1]))
    assert losses == pytest.approx({"covid19 from a": (np.log(2) + np.log(4)) / 2, "normal from a": -np.log(0.9)})
