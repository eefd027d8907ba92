"""The table of networks: ours measured, others' cited, and said to be so."""

import json

import pytest

from inference.training.networks import networks_page, read_evaluation


def evaluation(**changes):
    found = {"value": 0.9, "low": 0.8, "high": 0.95}
    names = ("accuracy", "balanced accuracy", "precision covid19", "sensitivity covid19", "macro f1")
    figures = {name: found for name in names}
    return {
        "architecture": "cnn4", "labels": ["covid19", "pneumonia", "normal"], "input_size": 128, "epochs": 3,
        "minutes": 12.4, "initial_weights": "none", "split": "test", "manifest_sha256": "abc",
        "subsets": {"all": {"n": 1920, "figures": figures}},
        "two classes": {"labels": ["covid19", "other"], "n": 1920, "figures": figures}, **changes,
    }  # fmt: skip


def test_every_bundle_is_a_line_with_its_budget_and_its_two_classes_another():
    page = networks_page([evaluation()])
    assert (
        "| cnn4 | covid19 / pneumonia / normal | 128 | none | 3 | 12 | test | 1920 | 0.900 (0.800 to 0.950) |" in page
    )
    assert "| cnn4 | covid19 / other (the same, read as two) |" in page
    assert "`abc`" in page
    assert "$" not in page


def test_published_figures_are_set_apart_as_other_peoples():
    ours, _, published = networks_page([evaluation()]).partition("## Published by others")
    assert "0.8734" not in ours
    assert "| ResNet50 | COVID / non-COVID | 0.8734 | 0.88 | 0.85 | – |" in published
    assert "other people's figures on other people's" in published


def test_an_evaluation_is_read_from_its_file_or_its_bundle(tmp_path):
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation()))
    assert read_evaluation(tmp_path) == read_evaluation(tmp_path / "evaluation.json") == evaluation()


@pytest.mark.parametrize("content", [None, "{", '{"architecture": "cnn4"}'])
def test_what_is_no_evaluation_is_refused_with_what_to_do(tmp_path, content):
    if content is not None:
        (tmp_path / "evaluation.json").write_text(content)
    with pytest.raises(ValueError, match="Run evaluate on the bundle"):
        read_evaluation(tmp_path)
