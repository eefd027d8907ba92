"""A worker computes in float32 unless somebody asks otherwise of a bundle that was measured so."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from inference.engine.bundle import load_card, write_card
from inference.engine.errors import BadBundle, BadPrecision
from inference.engine.precision import BF16, MEASURED, check_processor, precision_to_serve, precisions_here
from inference.engine.predict import Predictor
from inference.engine.serve import Graph
from tests.inference import tiny

HAS_BFLOAT16 = BF16 in precisions_here()


def measured(bundle, **changes):
    card = load_card(bundle)
    (bundle / MEASURED).write_text(json.dumps({"precision": "bf16", "weights_sha256": card.weights_sha256, **changes}))
    return write_card(card, bundle)


def picture():
    return SimpleNamespace(pixels=tiny.draw("covid19", 1).astype(np.float32) / 255, sha256="f" * 64)


@pytest.mark.parametrize("value", [None, "", "f32"])
def test_float32_is_served_unless_somebody_asks(bundle, monkeypatch, value):
    if value is None:
        monkeypatch.delenv("LIGHTBOX_GRAPH_PRECISION", raising=False)
    else:
        monkeypatch.setenv("LIGHTBOX_GRAPH_PRECISION", value)
    assert precision_to_serve(bundle, load_card(bundle)) == "f32"


def test_a_name_that_is_no_precision_is_refused_with_those_that_are(bundle, monkeypatch):
    monkeypatch.setenv("LIGHTBOX_GRAPH_PRECISION", "int8")
    with pytest.raises(BadPrecision, match=r"one of f32, bf16 .*received 'int8'"):
        precision_to_serve(bundle, load_card(bundle))


def test_a_bundle_that_was_not_measured_is_not_served_in_bfloat16(bundle, graph_dir, monkeypatch):
    monkeypatch.setenv("LIGHTBOX_GRAPH_PRECISION", "bf16")
    with pytest.raises(BadPrecision, match=r"received tiny, without precision\.json\. Run python -m .* precision"):
        Predictor.load(bundle, graph_dir=graph_dir)


def test_what_other_weights_were_measured_at_says_nothing_of_these(bundle, monkeypatch):
    monkeypatch.setenv("LIGHTBOX_GRAPH_PRECISION", "bf16")
    card = measured(bundle, weights_sha256="0" * 64)
    with pytest.raises(BadPrecision, match="bf16 with weights 00000000"):
        precision_to_serve(bundle, card)


def test_a_measured_bundle_is_served_in_bfloat16_and_says_so(bundle, graph_dir, monkeypatch):
    monkeypatch.setenv("LIGHTBOX_GRAPH_PRECISION", "bf16")
    assert precision_to_serve(bundle, measured(bundle)) == "bf16"
    if HAS_BFLOAT16:
        predictor = Predictor.load(bundle, graph_dir=graph_dir)
        assert predictor.predict(picture()).lineage["precision"] == "bf16"
    else:
        with pytest.raises(BadPrecision, match="a processor that computes in bfloat16"):
            Predictor.load(bundle, graph_dir=graph_dir)


def test_a_measurement_that_was_changed_is_a_changed_bundle(bundle):
    measured(bundle)
    with (bundle / MEASURED).open("a") as file:
        file.write(" ")
    with pytest.raises(BadBundle, match=r"precision\.json with SHA-256"):
        load_card(bundle)


def test_the_lineage_says_float32(made_bundle, graph_dir):
    assert Predictor.load(made_bundle, graph_dir=graph_dir).predict(picture()).lineage["precision"] == "f32"


def test_a_processor_without_bfloat16_is_refused_and_not_quietly_given_float32():
    check_processor("f32", capabilities=["FP32"], device="an old processor")
    check_processor("bf16", capabilities=["FP32", "BF16"], device="a new processor")
    with pytest.raises(BadPrecision, match="received an old processor"):
        check_processor("bf16", capabilities=["FP32"], device="an old processor")


@pytest.mark.skipif(not HAS_BFLOAT16, reason="the processor has no bfloat16")
def test_bfloat16_changes_numbers_a_little_and_float32_does_not(graph_dir):
    inputs = np.random.default_rng(3).random((2, tiny.SIZE, tiny.SIZE, 1), dtype=np.float32)
    exact, again, quick = (Graph(graph_dir, precision=name).run(inputs)[1] for name in ("f32", "f32", "bf16"))
    assert np.array_equal(exact, again)
    assert 0 < np.abs(exact - quick).max() < 0.05 * np.abs(exact).max()
