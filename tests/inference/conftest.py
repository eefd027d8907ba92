"""Small bundles: one that is measured as any is, one that is active, one that is wanted; and two who manage models."""

import json
from pathlib import Path

import pytest

from accounts.models import User
from inference.engine.labels import LABELS
from inference.models import ModelVersion
from inference.training.metrics import with_intervals
from tests.inference import tiny
from tests.inference.small_bundles import made_active, registered, small_bundle


@pytest.fixture(scope="session")
def evaluated_bundle(tmp_path_factory) -> Path:
    """The folder of a small bundle after `evaluate`, on drawn films."""
    from inference.training.dataset import read_manifest
    from inference.training.evaluate import evaluate

    folder = tmp_path_factory.mktemp("evaluated")
    bundle = small_bundle(folder, "small", graphs=folder / "graphs")
    (parity,) = (folder / "graphs").glob("*/parity.json")
    told = {"largest_difference": 1e-6, "tolerance": 1e-4, "inputs": 3, "openvino": "2025.2"}
    parity.write_text(json.dumps(json.loads(parity.read_text()) | told))
    (folder / "films").mkdir()
    manifest = read_manifest(tiny.write_films(folder / "films"), labels=LABELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIGHTBOX_GRAPH_DIR", str(folder / "graphs"))
        # Intervals of twenty resamples are intervals too, and the thousand of the product take a minute.
        patch.setitem(with_intervals.__kwdefaults__, "resamples", 20)
        evaluate(bundle, manifest, images=folder / "films")
    return bundle


@pytest.fixture
def north_manager(two_hospitals) -> User:
    return two_hospitals.north.model_manager


@pytest.fixture
def south_manager(two_hospitals) -> User:
    return two_hospitals.south.model_manager


@pytest.fixture
def present(db, tmp_path) -> ModelVersion:
    """The active version."""
    return made_active(registered(tmp_path, "present"))


@pytest.fixture
def wanted(db, tmp_path) -> ModelVersion:
    """A registered version that is not active."""
    return registered(tmp_path, "wanted")
