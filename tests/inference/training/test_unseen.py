"""Raising a rule: unseen sources are called falsely less often, and nothing of the rule before stays in the bundle."""

import json
from dataclasses import replace

import numpy as np
import pytest

from inference.engine.bundle import EVALUATION, LOGITS_OUTSIDE, load_card, write_bundle, write_card
from inference.engine.calibrate import SelectiveRule, probabilities
from inference.engine.errors import BadBundle
from inference.engine.gate import fit_statistics
from inference.engine.labels import LABELS
from inference.training.__main__ import main
from inference.training.unseen import raise_rule
from tests.inference.engine.conftest import tiny_card

RULE = SelectiveRule(threshold=0.5, coverage=0.9, error=0.1)
COVID = LABELS.index("covid19")


def outside():
    """Films of two unseen sources; those of the second are often called COVID-19 with some confidence."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 3, 400)
    logits = generator.normal(0, 0.5, (400, 3))
    logits[np.arange(400), targets] += 3.0
    sources = np.where(np.arange(400) < 200, "calm", "confusing")
    confused = (sources == "confusing") & (generator.random(400) < 0.4)
    logits[confused, COVID] += generator.uniform(3.0, 7.0, confused.sum())
    return {"logits": logits.astype(np.float32), "targets": targets, "sources": sources}


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    statistics = fit_statistics(np.zeros((32, 32)), np.random.default_rng(0).normal(size=(50, 6)), axes=3)
    card = write_bundle(
        folder, tiny_card(selective_rule=RULE), weights={"logits/kernel": np.zeros((6, 3))}, statistics=statistics
    )
    np.savez(folder / LOGITS_OUTSIDE, **outside())
    (folder / EVALUATION).write_text("{}")
    write_card(replace(card, metrics={"all": {}}), folder)
    return folder


def called_falsely(card, source):
    found = outside()
    probability = probabilities(found["logits"], temperature=card.temperature)
    other = (found["targets"] != COVID) & (found["sources"] == source)
    threshold = card.selective_rule.threshold_of("covid19")
    return float(((probability.argmax(axis=1) == COVID) & (probability.max(axis=1) >= threshold))[other].mean())


def test_unseen_films_are_called_covid_no_more_often_than_allowed(bundle):
    before = load_card(bundle)
    assert np.mean([called_falsely(before, source) for source in ("calm", "confusing")]) > 0.05
    after = raise_rule(bundle, most_false=0.05)
    assert np.mean([called_falsely(after, source) for source in ("calm", "confusing")]) <= 0.05
    assert after.selective_rule.threshold_of("covid19") > RULE.threshold
    assert load_card(bundle).selective_rule == after.selective_rule


def test_figures_of_the_rule_before_are_gone(bundle):
    raise_rule(bundle, most_false=0.05)
    card = load_card(bundle)
    assert card.metrics == {}
    assert EVALUATION not in card.files
    assert not (bundle / EVALUATION).exists()
    assert LOGITS_OUTSIDE in card.files


def test_raising_twice_is_raising_once_and_keeps_what_was_measured_between(bundle):
    raise_rule(bundle, most_false=0.05)
    (bundle / EVALUATION).write_text("{}")
    first = write_card(load_card(bundle), bundle)
    assert first.selective_rule.label_thresholds
    assert raise_rule(bundle, most_false=0.05) == first
    assert (bundle / EVALUATION).exists()


def test_the_command_does_the_same(bundle, capsys):
    main(["raise-rule", "--bundle", str(bundle), "--most-false", "0.02"])
    assert "label_thresholds={'covid19'" in capsys.readouterr().out
    assert load_card(bundle).selective_rule == raise_rule(bundle, most_false=0.02).selective_rule


def test_a_bundle_without_scored_siblings_is_refused(bundle, capsys):
    (bundle / LOGITS_OUTSIDE).unlink()
    write_card(load_card_unchecked(bundle), bundle)
    with pytest.raises(BadBundle, match=r"siblings were not scored. Run left-out first"):
        raise_rule(bundle, most_false=0.05)
    with pytest.raises(SystemExit) as ended:
        main(["raise-rule", "--bundle", str(bundle)])
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("BadBundle: Expected left_out.npz in")


def load_card_unchecked(bundle):
    found = json.loads((bundle / "card.json").read_text())
    return tiny_card(selective_rule=SelectiveRule(**found["selective_rule"]))


def test_siblings_of_other_labels_and_a_share_that_is_none_are_refused(bundle):
    found = outside()
    np.savez(bundle / LOGITS_OUTSIDE, **{**found, "logits": found["logits"][:, :2]})
    write_card(load_card_unchecked(bundle), bundle)
    with pytest.raises(BadBundle, match=r"logits of 3 labels .*; received 2"):
        raise_rule(bundle, most_false=0.05)
    with pytest.raises(ValueError, match="a share from 0 to 1"):
        raise_rule(bundle, most_false=5)
