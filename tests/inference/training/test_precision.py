"""What a bundle answers in bfloat16 is measured beside float32 on the same films, and only then may it be served."""

import json
import shutil
from dataclasses import replace

import pytest
from PIL import Image

from inference.engine.bundle import DEFAULT_BUNDLE, load_card
from inference.engine.errors import BadPrecision
from inference.engine.labels import LABELS
from inference.engine.precision import BF16, MEASURED, precision_to_serve, precisions_here
from inference.engine.predict import Prediction
from inference.engine.synthetic import sample
from inference.training.__main__ import main
from inference.training.dataset import write_manifest
from inference.training.precision import compare
from tests.inference import tiny

FILMS_PER_LABEL = 2


def answer(covid19: float, *, outcome: str = "finding") -> Prediction:
    chances = {"covid19": covid19, "pneumonia": 0.1, "normal": 0.9 - covid19}
    label = max(chances, key=chances.get) if outcome == "finding" else None
    refused = outcome == "not_analysed"
    return Prediction(
        outcome=outcome, label=label, probabilities={} if refused else chances,
        reason=None if outcome == "finding" else "why", explanation="", cam=None, lineage={"device": "a processor"},
    )  # fmt: skip


def test_agreement_is_counted_over_all_films_and_accuracy_over_those_that_both_answered():
    films = [tiny.film(label, 3) for label in ("covid19", "covid19", "normal", "normal")]
    exact = [answer(0.80), answer(0.46), answer(0.2), answer(0.1, outcome="not_analysed")]
    quick = [answer(0.79), answer(0.44), answer(0.2, outcome="inconclusive"), answer(0.1)]
    found = compare(films, exact, quick, labels=LABELS)
    assert (found["films"], found["answered in both"], found["same outcome"]) == (4, 3, 1)
    assert found["other outcome"] == {
        "finding covid19 -> finding normal": 1,
        "finding normal -> inconclusive why": 1,
        "not_analysed why -> finding normal": 1,
    }
    assert found["largest difference"] == pytest.approx(0.02)
    assert found["f32"]["figures"]["accuracy"]["value"] == 1.0
    assert found["bf16"]["figures"]["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["bf16"]["n"] == 3
    assert found["device"] == "a processor"


def test_films_that_nobody_answers_measure_nothing():
    films, refused = [tiny.film("normal", 3)], [answer(0.1, outcome="not_analysed")]
    with pytest.raises(ValueError, match="received 1, none of them answered"):
        compare(films, refused, refused, labels=LABELS)


@pytest.fixture
def asked(tmp_path):
    """The shipped bundle where a test may write into it, synthetic films, and the command's arguments."""
    films = [tiny.film(label, 3 + 4 * seed) for label in LABELS for seed in range(FILMS_PER_LABEL)]
    for film in films:
        label, index = film.file.removesuffix(".png").rsplit("-", 1)
        Image.fromarray(sample(label, int(index) // 4)).save(tmp_path / film.file)
    other_side = replace(films[0], file="missing.png", group="other", split="train")
    write_manifest([*films, other_side], tmp_path / "manifest.csv")
    bundle = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    return bundle, ["precision", str(tmp_path / "manifest.csv"), "--images", str(tmp_path), "--bundle", str(bundle)]


@pytest.mark.skipif(BF16 not in precisions_here(), reason="the processor has no bfloat16")
def test_the_command_measures_the_test_films_and_opens_bfloat16_for_these_weights(asked, monkeypatch, capsys):
    bundle, arguments = asked
    monkeypatch.setenv("LIGHTBOX_GRAPH_PRECISION", BF16)
    with pytest.raises(BadPrecision, match=r"inference\.training precision"):
        precision_to_serve(bundle, load_card(bundle))
    main(arguments)
    card = load_card(bundle)
    found = json.loads((bundle / MEASURED).read_text())
    assert found["films"] == 3 * FILMS_PER_LABEL
    assert found["same outcome"] + sum(found["other outcome"].values()) == found["films"]
    assert found["weights_sha256"] == card.weights_sha256
    assert 0 < found["largest difference"] < 0.2
    assert found["bf16"]["n"] == found["f32"]["n"] == found["answered in both"]
    assert precision_to_serve(bundle, card) == BF16
    assert f"of {found['films']} films with the same outcome" in capsys.readouterr().out
