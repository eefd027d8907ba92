"""A run: stages and rate follow its progress, a resumed run ends as an unbroken one, a bundle tells it all."""

import json
from dataclasses import replace

import numpy as np
import pytest

from inference.engine.bundle import load_card, load_weights
from inference.engine.labels import LABELS
from inference.training.assemble import assemble
from inference.training.config import TrainingConfig
from inference.training.dataset import read_manifest
from inference.training.train import Data, RunState, learning_rate, load_run, progress, train
from tests.inference import tiny

# Keras 3 copies TensorFlow's variables by the way of NumPy 1; saving a checkpoint warns under NumPy 2, and is right.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    tiny.write_films(folder)
    return folder


@pytest.fixture(scope="module")
def manifest(folder):
    return read_manifest(folder / "manifest.csv", labels=LABELS)


@pytest.fixture(scope="module")
def places(folder):
    return {"images": folder, "cache": folder / "cache"}


@pytest.fixture(scope="module")
def data(manifest, places):
    return Data(manifest=manifest, **places)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    train(tiny.CONFIG, data, run=folder, networks=tiny.NETWORKS)
    return folder


@pytest.fixture(scope="module")
def made(run, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    assemble(run, data, out=folder, most_error=1.0, networks=tiny.NETWORKS)
    return folder


def values(run):
    return {variable.path: np.asarray(variable) for variable in load_run(run)[2].variables}


def test_a_resumed_run_ends_with_the_weights_of_an_unbroken_one(run, data, tmp_path):
    for _ in range(4):
        train(tiny.CONFIG, data, run=tmp_path / "broken", networks=tiny.NETWORKS, stop_after=1)
    unbroken, broken = values(run), values(tmp_path / "broken")
    assert unbroken.keys() == broken.keys()
    for name, value in unbroken.items():
        assert np.allclose(value, broken[name], atol=1e-6), name
    # And they did move: a run that trains nothing would pass the comparison.
    assert not np.allclose(unbroken["norm/gamma"], 1.0, atol=1e-4)


def test_a_finished_run_stays_as_it_is(run, data):
    before = (run / "state.json").read_bytes()
    train(tiny.CONFIG, data, run=run, networks=tiny.NETWORKS)
    assert (run / "state.json").read_bytes() == before


def test_the_folder_holds_the_config_the_curve_and_one_checkpoint(run, manifest):
    assert TrainingConfig.read(run / "config.json") == tiny.CONFIG
    state = json.loads((run / "state.json").read_text())
    assert [("validation_accuracy" in entry) for entry in state["history"]] == [False, True, False, True]
    assert [path.name for path in run.glob("*.keras")] == ["checkpoint-00004.keras"]
    assert (run / "manifest.sha256").read_text().strip() == manifest.sha256


def test_the_rate_warms_up_and_falls_to_zero():
    rates = [learning_rate(tiny.CONFIG, done) for done in (0.0, 0.015, 0.03, 0.5, 1.0)]
    assert rates[0] < rates[1] < rates[2] == tiny.CONFIG.learning_rate
    assert rates[2] > rates[3] > rates[4] == pytest.approx(0, abs=1e-12)


def test_sizes_grow_with_progress():
    config = replace(tiny.CONFIG, stages=((32, 0.6), (48, 0.4)))
    assert [config.size_at(done) for done in (0.0, 0.59, 0.6, 1.0)] == [32, 32, 48, 48]
    assert config.final_size == 48


def test_a_run_in_minutes_counts_the_seconds_of_every_sitting():
    config = replace(tiny.CONFIG, epochs=None, minutes=10.0)
    assert progress(config, RunState(epoch=7, seconds=300.0), seconds=60.0) == pytest.approx(0.6)


def test_a_run_needs_one_budget():
    with pytest.raises(ValueError, match="exactly one"):
        replace(tiny.CONFIG, minutes=3.0)


def test_the_bundle_holds_the_trained_weights_and_says_how(made, run, manifest):
    card = load_card(made)
    trained = values(run)
    for name, value in load_weights(made).items():
        assert np.allclose(value, trained[name], rtol=1e-3, atol=1e-4), name
    assert card.manifest_sha256 == manifest.sha256
    assert card.training["epochs_done"] == 4
    assert card.selective_rule.coverage == 1.0
    assert 0.05 <= card.temperature <= 20
