"""The tiny bundle and its graph are made once for all tests of the engine."""

import shutil

import numpy as np
import pytest

from inference.engine.bundle import Card, load_card, write_bundle
from inference.engine.calibrate import SelectiveRule
from inference.engine.gate import GateLimits, fit_statistics
from inference.engine.labels import LABELS
from inference.engine.preprocess import WHOLE_FILM
from tests.inference import tiny

OPEN_GATE = GateLimits(
    typical_likeness=0.0, likeness_spread=1.0, typical_log_distance=0.0, log_distance_spread=1.0, largest_oddness=1e6
)


def tiny_card(**changes):
    facts = {
        "name": "tiny", "architecture": "tiny", "labels": LABELS, "input_size": tiny.SIZE,
        "preprocess_version": WHOLE_FILM,
        "temperature": 1.5, "selective_rule": SelectiveRule(0.5, 0.9, 0.1), "gate_limits": OPEN_GATE,
    }  # fmt: skip
    return Card(**{**facts, **changes})


@pytest.fixture(scope="session")
def made_bundle(tmp_path_factory):
    import keras

    from inference.engine import network

    keras.utils.set_random_seed(3)
    model = network.build("tiny", label_count=3, networks=tiny.NETWORKS)
    weights = {variable.path: np.asarray(variable) for variable in model.variables}
    template = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (32, 1))
    statistics = fit_statistics(template, np.random.default_rng(0).normal(0.2, 0.1, (50, 6)), axes=3)
    folder = tmp_path_factory.mktemp("bundle") / "tiny"
    write_bundle(folder, tiny_card(), weights=weights, statistics=statistics)
    return folder


@pytest.fixture
def bundle(made_bundle, tmp_path):
    """A copy of the tiny bundle that a test may spoil."""
    return shutil.copytree(made_bundle, tmp_path / "tiny")


@pytest.fixture(scope="session")
def graph_dir(made_bundle, tmp_path_factory):
    from inference.engine.serve import compile_graph

    folder = tmp_path_factory.mktemp("graphs") / load_card(made_bundle).weights_sha256
    compile_graph(made_bundle, folder, networks=tiny.NETWORKS)
    return folder
