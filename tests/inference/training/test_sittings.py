"""A run over several sittings: exactly as an unbroken one, whatever it uses; stopped early it keeps its best."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from inference.engine import compile_lungs
from inference.engine.bundle import load_card, sha256_of
from inference.engine.errors import UnreadableImage
from inference.engine.labels import LABELS
from inference.engine.preprocess import LUNGS_ONLY
from inference.training import inputs
from inference.training import train as training
from inference.training.__main__ import main
from inference.training.assemble import assemble
from inference.training.batches import Batches
from inference.training.dataset import read_manifest
from inference.training.errors import BadRun
from inference.training.train import Data, load_run, train
from tests.inference import tiny
from tests.inference.drawn_finder import write_drawn_finder

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

# Everything at once that a sitting has to hand on to the next.
RICH = replace(
    tiny.CONFIG, stages=((32, 0.5), (48, 0.5)), validate_every=1, weight_average=0.9, mix_up=0.3, group_robust=0.5
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    tiny.write_films(folder)
    return folder


@pytest.fixture(scope="module")
def finder(folder):
    (folder / "lungs.npz").write_bytes(b"a finder's weights")
    return folder / "lungs.npz"


@pytest.fixture(scope="module")
def data(folder, finder):
    manifest = read_manifest(folder / "manifest.csv", labels=LABELS)
    return Data(manifest=manifest, images=folder, cache=folder / "cache", finder=finder)


@pytest.fixture(scope="module", autouse=True)
def _drawn_finder():
    """The finder's graph is drawn, not made by Keras of weights that nobody trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compile_lungs, "write_finder_graph", lambda _, graph: write_drawn_finder(graph))
        yield


@pytest.fixture(scope="module")
def unbroken(data, tmp_path_factory):
    run = tmp_path_factory.mktemp("run") / "unbroken"
    train(RICH, data, run=run, networks=tiny.NETWORKS)
    return run


@pytest.fixture(scope="module")
def broken(data, tmp_path_factory):
    """The same run in four sittings; only the first names the finder."""
    run = tmp_path_factory.mktemp("run") / "broken"
    for _ in range(4):
        train(RICH, data, run=run, networks=tiny.NETWORKS, stop_after=1)
        data = replace(data, finder=None)
    return run


def values(run):
    return {variable.path: np.asarray(variable) for variable in load_run(run)[2].variables}


def history(run):
    entries = load_run(run)[1].history
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in entries]


def test_averages_blends_sizes_and_group_shares_survive_every_break(unbroken, broken):
    assert history(unbroken) == [pytest.approx(entry, abs=1e-5) for entry in history(broken)]
    assert [entry["size"] for entry in history(unbroken)] == [32, 32, 48, 48]
    expected, found = values(unbroken), values(broken)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        # Sums in another order differ in the last digit, and Adam makes a step of it where there is no gradient.
        assert np.allclose(value, found[name], atol=1e-5), name
    assert not np.allclose(expected["norm/gamma"], 1.0, atol=1e-4)


def test_groups_are_drawn_more_often_where_validation_goes_worse(unbroken):
    _, state, _ = load_run(unbroken)
    assert sum(state.group_shares.values()) == pytest.approx(1)
    assert len(state.group_shares) == 6
    for before, after in itertools.pairwise(state.history):
        groups = sorted(state.group_shares, key=lambda name: after[f"validation_loss of {name}"])
        growth = [after[f"share of {name}"] / before[f"share of {name}"] for name in groups]
        assert growth == sorted(growth)
        assert growth[0] < growth[-1]


def test_a_run_crops_with_its_own_copy_of_the_finder(unbroken, finder, data, tmp_path):
    recorded = json.loads((unbroken / "config.json").read_text())["finder_sha256"]
    assert recorded == sha256_of(unbroken / "lungs.npz") == sha256_of(finder)
    card = assemble(unbroken, replace(data, finder=None), out=tmp_path / "tiny", most_error=1.0, networks=tiny.NETWORKS)
    assert (card.preprocess_version, card.input_size) == (LUNGS_ONLY, 48)
    assert load_card(tmp_path / "tiny").files["lungs.npz"] == recorded
    assert card.training["group_robust"] == 0.5


def test_another_finder_than_the_runs_own_is_refused(broken, data, tmp_path):
    (tmp_path / "other.npz").write_bytes(b"another finder's weights")
    before = {path: path.stat().st_mtime_ns for path in broken.rglob("*")}
    with pytest.raises(BadRun, match="Leave --finder out"):
        train(RICH, replace(data, finder=tmp_path / "other.npz"), run=broken, networks=tiny.NETWORKS)
    assert {path: path.stat().st_mtime_ns for path in broken.rglob("*")} == before


def test_the_command_refuses_what_is_not_the_runs_own(broken, folder, capsys):
    command = ["train", str(folder / "manifest.csv"), "--images", str(folder), "--run", str(broken)]
    for option, value, words in (
        ("--seed", "5", "Expected seed 1, with which"),
        ("--group-robust", "0.1", "Expected group_robust 0.5, with which"),
        ("--network", "cnn4", "Expected network tiny, with which"),
        ("--finder", str(folder / "manifest.csv"), "Leave --finder out"),
    ):
        with pytest.raises(SystemExit) as ended:
            main([*command, option, value])
        assert ended.value.code == 1
        assert words in capsys.readouterr().err


def test_the_curves_of_all_sittings_can_be_read_by_tensorboard(broken, unbroken):
    for run, sittings in ((broken, 4), (unbroken, 1)):
        assert len(list((run / "tensorboard").iterdir())) >= sittings
        curves = EventAccumulator(str(run / "tensorboard")).Reload()
        events = curves.Tensors("validation_loss")
        assert [event.step for event in events] == [1, 2, 3, 4]
        found = [float(tensor_util.make_ndarray(event.tensor_proto)) for event in events]
        assert found == pytest.approx([entry["validation_loss"] for entry in history(run)], rel=1e-5)
        assert {"loss", "learning_rate", "validation_balanced_accuracy"} <= set(curves.Tags()["tensors"])


def scripted(monkeypatch, losses):
    """Let validation say `losses`, one after the other."""
    said = iter(losses)
    monkeypatch.setattr(training, "_validate", lambda *_, **__: {"validation_loss": next(said)})


def test_a_run_stops_when_validation_no_longer_gets_better_and_keeps_the_best(data, tmp_path, monkeypatch):
    config = replace(tiny.CONFIG, stages=((32, 0.2), (48, 0.8)), epochs=10, validate_every=1, patience=2)
    # The smallest losses are those of the smaller films, which cannot be compared with the others'.
    scripted(monkeypatch, [0.1, 0.2, 1.0, 0.5, 0.6, 0.5, 0.1, 0.1])
    train(config, data, run=tmp_path / "run", networks=tiny.NETWORKS)
    _, state, _ = load_run(tmp_path / "run")
    assert (state.epoch, state.best_loss, state.validations_since_best) == (6, 0.5, 2)
    scripted(monkeypatch, [0.1, 0.2, 1.0, 0.5])
    train(config, data, run=tmp_path / "until the best", networks=tiny.NETWORKS, stop_after=4)
    best, last = values(tmp_path / "until the best"), values(tmp_path / "run")
    assert all(np.allclose(best[name], last[name], atol=1e-5) for name in best)
    assert sorted(path.name for path in (tmp_path / "run").glob("*.keras")) == ["best.keras", "checkpoint-00006.keras"]
    # And it stays ended, without a look at the films.
    train(config, data, run=tmp_path / "run", networks=tiny.NETWORKS)
    assert load_run(tmp_path / "run")[1] == state


def test_a_run_that_diverges_is_stopped_before_its_checkpoint(data, tmp_path, monkeypatch):
    train(tiny.CONFIG, data, run=tmp_path / "run", networks=tiny.NETWORKS, stop_after=1)
    before = (tmp_path / "run" / "state.json").read_bytes()
    batch = Batches.batch
    monkeypatch.setattr(Batches, "batch", lambda *given: (batch(*given)[0] * np.nan, batch(*given)[1]))
    with pytest.raises(BadRun, match=r"in epoch 1, and no numbers in \[.*smaller --learning-rate than 0\.001"):
        train(tiny.CONFIG, data, run=tmp_path / "run", networks=tiny.NETWORKS)
    assert (tmp_path / "run" / "state.json").read_bytes() == before
    assert [path.name for path in (tmp_path / "run").glob("*.keras")] == ["checkpoint-00001.keras"]


def films_with_a_bad_one(folder, to, *, split):
    to.mkdir()
    manifest = read_manifest(folder / "manifest.csv", labels=LABELS)
    bad = next(film for film in manifest.films if film.split == split)
    for film in manifest.films:
        Image.open(folder / film.file).save(to / film.file)
    (to / bad.file).write_bytes(b"not a film")
    return bad


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_run_does_not_begin_with_more_unreadable_films_than_one_in_a_hundred(folder, data, tmp_path, split):
    films_with_a_bad_one(folder, tmp_path / "films", split=split)
    spoiled = replace(data, images=tmp_path / "films", cache=tmp_path / "cache", finder=None)
    with pytest.raises(UnreadableImage, match="at most 1% unreadable films; received 1 of"):
        train(tiny.CONFIG, spoiled, run=tmp_path / "run", networks=tiny.NETWORKS)
    assert not (tmp_path / "run").exists()


def test_the_few_films_that_cannot_be_read_are_listed_in_the_run(folder, data, tmp_path, monkeypatch, capsys):
    bad = films_with_a_bad_one(folder, tmp_path / "films", split="train")
    monkeypatch.setattr(inputs, "MOST_UNREADABLE", 0.05)
    spoiled = replace(data, images=tmp_path / "films", cache=tmp_path / "cache", finder=None)
    for _ in range(2):
        train(tiny.CONFIG, spoiled, run=tmp_path / "run", networks=tiny.NETWORKS, stop_after=1)
        assert "train: 1 of 36 films cannot be read; unreadable.json lists them" in capsys.readouterr().out
    assert json.loads((tmp_path / "run" / "unreadable.json").read_text()) == {"train": [bad.file], "validation": []}


def test_a_split_without_films_is_refused(data, tmp_path):
    config = replace(tiny.CONFIG, left_out_sources=("source0", "source1"))
    with pytest.raises(BadRun, match=r"Expected films to use for train; received none .*Leave fewer sources out"):
        train(config, data, run=tmp_path / "run", networks=tiny.NETWORKS)
    assert not (tmp_path / "run").exists()


def test_a_run_without_a_checkpoint_makes_no_bundle(tmp_path):
    with pytest.raises(BadRun, match="Train it for an epoch first"):
        load_run(tmp_path)
