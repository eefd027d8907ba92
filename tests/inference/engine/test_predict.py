"""From a picture to a Prediction: three outcomes, each with its reason and lineage, and no TensorFlow."""

import json
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from inference.engine.bundle import DEFAULT_BUNDLE, load_card
from inference.engine.calibrate import SelectiveRule
from inference.engine.gate import REASONS
from inference.engine.lung_looks import LungLimits
from inference.engine.predict import Predictor
from inference.engine.serve import PROJECT
from inference.engine.synthetic import sample
from tests.inference.engine.conftest import OPEN_GATE
from tests.inference.tiny import draw


def picture(pixels=None):
    found = draw("covid19", 1).astype(np.float32) / 255 if pixels is None else pixels
    return SimpleNamespace(pixels=found, sha256="f" * 64)


@pytest.fixture
def predictor(made_bundle, graph_dir):
    return Predictor.load(made_bundle, graph_dir=graph_dir)


def with_card(predictor, **changes):
    predictor.card = replace(predictor.card, **changes)
    return predictor


def test_a_sure_answer_is_a_finding(predictor):
    found = with_card(predictor, selective_rule=SelectiveRule(0.0, 1.0, 0.0)).predict(picture())
    assert found.outcome == "finding"
    assert found.label == max(found.probabilities, key=found.probabilities.get)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert found.reason is None
    assert found.cam.shape == (8, 8)


def test_an_unsure_answer_is_inconclusive_and_names_no_label(predictor):
    found = with_card(predictor, selective_rule=SelectiveRule(1.1, 0.0, 0.0)).predict(picture())
    assert (found.outcome, found.label, found.reason) == ("inconclusive", None, "not_sure_enough")
    assert set(found.probabilities) == {"covid19", "pneumonia", "normal"}


def test_a_refused_picture_has_a_reason_and_no_numbers(predictor):
    blank = predictor.predict(picture(np.zeros((200, 200), np.float32)))
    odd = with_card(predictor, gate_limits=replace(OPEN_GATE, largest_oddness=-1e9)).predict(picture())
    for found, reason in ((blank, "blank"), (odd, "not_frontal_chest")):
        assert (found.outcome, found.label, found.reason) == ("not_analysed", None, reason)
        assert found.probabilities == {}
        assert found.cam is None
        assert REASONS[reason] in found.explanation


@pytest.mark.parametrize("view", ["LL", "RL", "lateral", "RLO"])
def test_a_film_that_is_stated_not_to_be_frontal_is_not_analysed(predictor, view):
    found = predictor.predict(picture(), view=view)
    assert (found.outcome, found.label, found.reason) == ("not_analysed", None, "lateral")
    assert predictor.predict(picture(), view="PA").reason != "lateral"


def test_the_lineage_says_what_made_the_answer(predictor):
    found = predictor.predict(picture()).lineage
    assert found["image_sha256"] == "f" * 64
    assert found["weights_sha256"] == predictor.weights_sha256
    assert found["calibration"]["temperature"] == 1.5
    assert len(found["graph_sha256"]) == 64
    assert len(found["code_version"]) == 12
    assert set(found["timings_ms"]) == {"preprocess", "network", "gate", "explain"}
    json.dumps(found)


def test_the_same_picture_gets_the_same_answer(predictor):
    assert predictor.predict(picture()).probabilities == predictor.predict(picture()).probabilities


def run_engine(*arguments):
    return subprocess.run([sys.executable, *arguments], cwd=PROJECT, capture_output=True, text=True, timeout=280)


def test_serving_never_imports_tensorflow(made_bundle, graph_dir, tmp_path):
    path = tmp_path / "film.png"
    Image.fromarray(draw("normal", 1)).save(path)
    script = (
        "import sys; from pathlib import Path; from inference.engine.predict import Predictor;"
        "from inference.engine.read import read_picture;"
        f"p = Predictor.load(Path({str(made_bundle)!r}), graph_dir=Path({str(graph_dir)!r}));"
        f"print(p.predict(read_picture(Path({str(path)!r}))).outcome);"
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'django', 'celery') if m in sys.modules])"
    )
    done = run_engine("-c", script)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert done.stdout.splitlines()[0] in {"finding", "inconclusive", "not_analysed"}


@pytest.mark.slow
def test_the_command_reads_films_with_the_committed_bundle(tmp_path):
    films = []
    for label in ("normal", "covid19"):
        films.append(tmp_path / f"{label}.png")
        Image.fromarray(sample(label, 1)).save(films[-1])
    (tmp_path / "note.txt").write_text("not a film")
    done = run_engine("-m", "inference.engine", "predict", *map(str, films), str(tmp_path / "note.txt"), "missing.png")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["file"] for line in lines] == [*map(str, films), str(tmp_path / "note.txt"), "missing.png"]
    fields = {"file", "outcome", "label", "probabilities", "reason", "explanation", "weights_sha256"}
    assert all(set(line) == fields for line in lines)
    assert {line["weights_sha256"] for line in lines} == {load_card(DEFAULT_BUNDLE).weights_sha256}
    assert [(line["outcome"], line["reason"]) for line in lines[2:]] == [
        ("not_analysed", "not_an_image"),
        ("not_analysed", "unreadable_file"),
    ]


def test_the_command_says_in_words_what_is_wrong_with_a_bundle(tmp_path):
    done = run_engine("-m", "inference.engine", "predict", "film.png", "--bundle", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("BadBundle: Expected a bundle's card")


def test_a_bundle_that_reads_mirrored_too_answers_a_film_and_its_mirror_image_alike(predictor):
    film = draw("covid19", 2).astype(np.float32) / 255
    plain = [predictor.predict(picture(way)).probabilities["covid19"] for way in (film, film[:, ::-1].copy())]
    with_card(predictor, mirrored=True)
    first, second = (predictor.predict(picture(way)) for way in (film, film[:, ::-1].copy()))
    assert first.probabilities == pytest.approx(second.probabilities, abs=1e-6)
    assert np.allclose(first.cam, second.cam[:, ::-1], atol=2e-3)
    # Which is not so by itself.
    assert plain[0] != pytest.approx(plain[1], abs=1e-6)
    assert first.probabilities["covid19"] != pytest.approx(plain[0], abs=1e-7)


def test_a_lineage_is_json_and_holds_every_limit_of_the_gate(predictor):
    lungs = LungLimits((-1.8, 0.03, 0.05), (0.3, 0.06, 0.04), largest_oddness=5.0, largest_at_edge=0.1)
    found = with_card(predictor, gate_limits=replace(OPEN_GATE, lungs=lungs)).predict(picture())
    stored = json.loads(json.dumps(found.lineage))["calibration"]["gate"]
    assert stored["lungs"]["largest_oddness"] == 5.0
    assert stored["largest_oddness"] == OPEN_GATE.largest_oddness
