"""Model facts: the model card of any registered version, or why there is none."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from inference import markdown, plot_tables
from inference.engine.bundle import CARD, EVALUATION, read_card
from inference.facts import facts_of, plot_of
from inference.markdown import plain
from inference.training import report
from tests.factories import ModelVersionFactory
from tests.inference.measured import PLOT, measured_version, rewrite

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(tmp_path, evaluated_bundle):
    return measured_version(tmp_path / "bundle", bundle=evaluated_bundle)


def _folder(version) -> Path:
    return Path(version.bundle_path)


def _change_evaluation(version, change, **options) -> None:
    found = json.loads((_folder(version) / EVALUATION).read_text())
    change(found)
    rewrite(version, EVALUATION, json.dumps(found), **options)


def test_the_facts_are_the_model_card(version):
    facts = facts_of(version)
    curves = json.loads((_folder(version) / EVALUATION).read_text())["curves"]
    card = markdown.parse(report.card_text(read_card(_folder(version) / CARD), _folder(version)))

    assert facts.text == plot_tables.with_tables(card, curves)
    assert facts.problem == ""
    assert not facts.is_rewritten
    assert {"facts", "limits-and-known-failures"} <= {section.key for section in facts.text.sections}


def test_the_figures_are_those_of_the_bundle_and_of_no_other(version):
    def change(found):
        found["subsets"]["all"]["figures"]["accuracy"] = {"value": 0.123, "low": 0.1, "high": 0.2}

    _change_evaluation(version, change)

    facts = facts_of(version)
    cells = [
        cell.number
        for section in facts.text.sections
        for part in section.parts
        if part.kind == "table"
        for row in part.rows
        for cell in row
    ]
    assert ("0.123", "(0.100 to 0.200)") in cells
    assert facts.is_rewritten  # since the version was registered


def test_a_folder_that_is_gone_is_said_without_saying_where_it_was(version):
    shutil.rmtree(_folder(version))

    problem = facts_of(version).problem
    assert "Expected card.json in the bundle; received no such file." in problem
    assert "Restore the bundle" in problem
    assert str(_folder(version)) not in problem


def test_a_card_that_is_none_is_said_without_saying_where_it_lies(version):
    (_folder(version) / CARD).write_text("{}")

    assert "Expected a bundle's card at card.json" in facts_of(version).problem
    assert str(_folder(version)) not in facts_of(version).problem


def test_a_changed_file_is_refused_by_name(version):
    _change_evaluation(version, lambda found: found["subsets"].pop("adults"), is_listed=False)

    assert "evaluation.json with SHA-256" in facts_of(version).problem
    assert facts_of(version).text is None


def test_a_listed_file_that_is_missing_is_refused_by_name(version):
    (_folder(version) / EVALUATION).unlink()

    assert "Expected evaluation.json in the bundle; received no such file." in facts_of(version).problem


@pytest.mark.parametrize("name", [EVALUATION, "left_out.json"])
def test_figures_that_the_card_does_not_list_are_not_shown(version, name):
    card = json.loads((_folder(version) / CARD).read_text())
    card["files"].pop(name, None)
    (_folder(version) / CARD).write_text(json.dumps(card))
    (_folder(version) / name).touch()

    assert f"Expected {name} among the files" in facts_of(version).problem
    assert "Evaluate the bundle" in facts_of(version).problem


def test_another_model_in_the_folder_is_not_taken_for_this_one(version, tmp_path):
    other = measured_version(tmp_path / "other")
    shutil.rmtree(_folder(version))
    shutil.copytree(_folder(other), _folder(version))

    assert f"Expected the bundle with weights {version.weights_sha256[:8]}" in facts_of(version).problem
    assert plot_of(version, "curve.svg") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop("subsets"),
        lambda found: found.update(confusion=None),
        lambda found: found.update({"refused by the gate": {"n": 0, "refused": {}}}),
        lambda found: found["subsets"].update(all=[]),
    ],
)
def test_figures_of_another_release_are_shown_as_they_are_stored(version, change):
    _change_evaluation(version, lambda found: (change(found), found.update(marked="by its maker")))

    facts = facts_of(version)
    assert "Expected figures as this version of Lightbox writes them" in facts.problem
    assert facts.text.sections[0].title == "Evaluation"
    rows = [[plain(cell.runs) for cell in row] for row in facts.text.sections[0].parts[0].rows]
    assert ["marked", "by its maker"] in rows


@pytest.mark.parametrize("content", ["no figures", "[1, 2]", "null"])
def test_what_is_no_evaluation_at_all_is_said(version, content):
    rewrite(version, EVALUATION, content)

    assert "Expected figures as this version of Lightbox writes them" in facts_of(version).problem
    assert facts_of(version).text is None


def test_a_plot_is_handed_out_as_it_was_listed_only(version):
    assert plot_of(version, "curve.svg") == PLOT
    assert plot_of(version, "other.svg") is None
    assert plot_of(version, EVALUATION) is None
    rewrite(version, "plots/curve.svg", "<svg/>", is_listed=False)
    assert plot_of(version, "curve.svg") is None
    assert plot_of(ModelVersionFactory(), "curve.svg") is None


def test_the_facts_load_no_network_library():
    code = "import inference.markdown, inference.training.report, sys; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.split(".")[0] for name in ast.literal_eval(done.stdout)}
    assert loaded & {"tensorflow", "keras", "openvino", "sklearn", "matplotlib"} == set()
