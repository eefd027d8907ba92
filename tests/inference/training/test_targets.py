"""Met and not met go by the value; what was not measured is said to be so."""

import pytest

from inference.training.targets import Target, targets


def figure(value):
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def evaluation(**figures):
    reached = {
        "accuracy": 0.97, "sensitivity covid19": 0.95, "precision covid19": 0.96, "macro auroc": 0.995,
        "calibration error": 0.02, "error at coverage 0.90": 0.016, **figures,
    }  # fmt: skip
    return {
        "labels": ["covid19", "pneumonia", "normal"],
        "subsets": {
            "all": {
                "n": 100,
                "per label": {"covid19": 20, "pneumonia": 30, "normal": 50},
                "figures": {name: figure(value) for name, value in reached.items()},
            }
        },
        "refused by the gate": {"n": 100, "share": figure(0.01)},
        "parity": {"largest_difference": 2e-6, "inputs": 16},
        "not chest X-rays": {
            "ct": {"n": 10, "refused": 10, "inconclusive": 0},
            "xray_wrist": {"n": 10, "refused": 8, "inconclusive": 2},
            "near_lateral_chest": {"n": 10, "refused": 0, "inconclusive": 9},
        },
    }


def test_every_figure_asked_for_has_its_verdict():
    asked, _ = targets(evaluation(), None)
    verdicts = {target.what: target.is_met for target in asked}
    assert verdicts == {
        "accuracy": True,
        "sensitivity covid19": False,
        "precision covid19": True,
        "macro auroc": True,
        "calibration error": True,
        "error at coverage 0.90": False,
        "frontal chest X-rays refused": True,
        "photographs, CT slices and films of limbs refused": False,
        "largest difference of the serving graph from Keras": True,
    }


def test_only_pictures_that_must_be_refused_are_counted():
    asked, _ = targets(evaluation(), None)
    odd = next(target for target in asked if target.what.startswith("photographs"))
    assert odd.n == 20
    assert odd.reached["value"] == pytest.approx(0.9)


def test_without_odd_pictures_or_siblings_the_verdict_is_open():
    asked, aimed_at = targets({**evaluation(), "not chest X-rays": {}}, None)
    assert [target.what for target in asked if target.is_met is None] == [
        "photographs, CT slices and films of limbs refused"
    ]
    assert [target.is_met for target in aimed_at] == [None, None, None]


def test_the_aims_are_measured_on_sources_never_seen():
    pooled = {
        "n": 50,
        "per label": {"covid19": 9, "normal": 30},
        "figures": {"auroc covid19": figure(0.91), "balanced accuracy": figure(0.5)},
    }
    _, aimed_at = targets(evaluation(), {"pooled": pooled})
    assert [(target.what, target.is_met, target.n) for target in aimed_at] == [
        ("auroc covid19", True, 50),
        ("balanced accuracy", False, 50),
        ("normals called covid19", None, 30),
    ]


def test_a_sensitivity_is_of_the_films_of_its_label():
    asked, _ = targets(evaluation(), None)
    assert {target.what: target.n for target in asked}["sensitivity covid19"] == 20
    assert {target.what: target.n for target in asked}["accuracy"] == 100


@pytest.mark.parametrize(("is_least", "value", "is_met"), [(True, 0.5, True), (True, 0.4, False), (False, 0.6, False)])
def test_the_limit_itself_is_met(is_least, value, is_met):
    assert Target("figure", 0.5, is_least, figure(value), 1).is_met is is_met
