"""A run's folder: what a stopped run refuses to go on with, and that a refused one leaves nothing behind."""

from dataclasses import replace

import numpy as np
import pytest

from inference.engine.bundle import sha256_of
from inference.training.config import TrainingConfig
from inference.training.dataset import Manifest
from inference.training.errors import BadRun
from inference.training.runs import RunState, begin, finder_of, settle
from tests.inference import tiny

MANIFEST = Manifest((), "a" * 64)


@pytest.fixture
def finder(tmp_path):
    path = tmp_path / "finder.npz"
    path.write_bytes(b"a finder")
    return path


@pytest.fixture
def run(tmp_path, finder):
    """A run that has begun with a finder."""
    folder = tmp_path / "run"
    config = settle(tiny.CONFIG, run=folder, manifest=MANIFEST, finder=finder)
    begin(config, run=folder, manifest=MANIFEST, finder=finder)
    return folder


def test_a_run_keeps_its_finder_and_needs_it_named_no_more(run, finder):
    digest = sha256_of(finder)
    finder.write_bytes(b"trained anew")
    own = settle(tiny.CONFIG, run=run, manifest=MANIFEST, finder=None)
    assert own == replace(tiny.CONFIG, finder_sha256=digest)
    assert TrainingConfig.read(run / "config.json") == own
    assert sha256_of(finder_of(run)) == digest


def test_a_run_refuses_another_finder_than_its_own(run, finder):
    assert settle(tiny.CONFIG, run=run, manifest=MANIFEST, finder=finder).finder_sha256 == sha256_of(finder)
    finder.write_bytes(b"trained anew")
    with pytest.raises(BadRun, match=r"Expected the lung finder \w{12} in .*; received .* at .*Leave --finder out"):
        settle(tiny.CONFIG, run=run, manifest=MANIFEST, finder=finder)


def test_a_run_of_whole_films_refuses_a_finder(tmp_path, finder):
    folder = tmp_path / "whole"
    begin(tiny.CONFIG, run=folder, manifest=MANIFEST, finder=None)
    assert finder_of(folder) is None
    with pytest.raises(BadRun, match="Expected no lung finder"):
        settle(tiny.CONFIG, run=folder, manifest=MANIFEST, finder=finder)


@pytest.mark.parametrize("content", [b"another finder", None], ids=["changed", "missing"])
def test_a_run_whose_own_finder_was_changed_is_refused(run, content):
    (run / "lungs.npz").unlink()
    if content is not None:
        (run / "lungs.npz").write_bytes(content)
    with pytest.raises(BadRun, match="lung finder"):
        finder_of(run)


def test_a_run_refuses_another_manifest(run):
    with pytest.raises(BadRun, match=r"Expected the manifest a{12} .*; received b{12}.*Name the run's own"):
        settle(tiny.CONFIG, run=run, manifest=Manifest((), "b" * 64), finder=None)


@pytest.mark.parametrize(
    "changes", [{"seed": 2}, {"epochs": 5}, {"stages": ((48, 1.0),)}, {"left_out_sources": ("source0",)}]
)
def test_a_run_refuses_a_setting_that_is_not_its_own(run, changes):
    with pytest.raises(BadRun, match=f"Expected {next(iter(changes))} .*Leave that option out"):
        settle(replace(tiny.CONFIG, **changes), run=run, manifest=MANIFEST, finder=None)


def test_missing_files_are_refused_before_a_folder_is_made(tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(BadRun, match=r"a lung finder's weights at .*; received No such file"):
        settle(tiny.CONFIG, run=folder, manifest=MANIFEST, finder=tmp_path / "none.npz")
    config = replace(tiny.CONFIG, initial_weights=str(tmp_path / "none.npz"))
    with pytest.raises(BadRun, match=r"weights to start from at .*; received No such file"):
        settle(config, run=folder, manifest=MANIFEST, finder=None)
    assert not folder.exists()


def test_a_run_that_has_no_checkpoint_yet_must_start_from_the_same_weights(tmp_path):
    path, folder = tmp_path / "weights.npz", tmp_path / "run"
    np.savez(path, values=np.zeros(3))
    config = replace(tiny.CONFIG, initial_weights=str(path))
    recorded = settle(config, run=folder, manifest=MANIFEST, finder=None)
    assert recorded.initial_sha256 == sha256_of(path)
    begin(recorded, run=folder, manifest=MANIFEST, finder=None)
    assert settle(config, run=folder, manifest=MANIFEST, finder=None) == recorded
    np.savez(path, values=np.ones(3))
    with pytest.raises(BadRun, match=r"with which .* began"):
        settle(config, run=folder, manifest=MANIFEST, finder=None)


def test_a_state_written_before_groups_were_counted_is_still_read(tmp_path):
    (tmp_path / "state.json").write_text(
        '{"epoch": 3, "seconds": 1.5, "history": [], "best_loss": Infinity, "validations_since_best": 0}'
    )
    assert RunState.read(tmp_path) == RunState(epoch=3, seconds=1.5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"epochs": 0}, "a budget above 0"),
        ({"stages": ()}, "stages whose shares sum to 1"),
        ({"stages": ((32, 0.5), (48, 0.4))}, "stages whose shares sum to 1"),
    ],
)
def test_a_config_that_cannot_be_trained_by_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(tiny.CONFIG, **changes)
