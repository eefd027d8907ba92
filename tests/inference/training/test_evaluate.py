"""From a bundle to its card: measured through the product's own path, drawn, told, and the same when measured again."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from inference.engine.bundle import load_card
from inference.engine.labels import LABELS
from inference.engine.serve import compile_graph
from inference.training import evaluate as evaluation
from inference.training.__main__ import main
from inference.training.assemble import assemble
from inference.training.dataset import read_manifest
from inference.training.errors import BadRun
from inference.training.left_out import evaluate_left_out, outside_logits
from inference.training.reproduce import differences
from inference.training.rule_outside import rule_outside
from inference.training.train import Data, train
from tests.inference import tiny

# Keras 3 copies TensorFlow's variables by the way of NumPy 1; saving a checkpoint warns under NumPy 2, and is right.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The layout of a data folder: images/, masks/ with lungs and infections, ood/ with what is no chest film."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("images", "masks/lung", "masks/infection", "ood"):
        (folder / name).mkdir(parents=True)
    tiny.write_films(folder / "images").rename(folder / "manifest.csv")
    lungs = np.zeros((256, 256), dtype=bool)
    lungs[60:200, 30:110] = lungs[60:200, 146:226] = True
    for film in read_manifest(folder / "manifest.csv", labels=LABELS).films:
        Image.fromarray(lungs).save((folder / "masks" / "lung" / film.file).with_suffix(".png"))
        if film.label == "covid19":
            Image.fromarray(np.triu(lungs)).save((folder / "masks" / "infection" / film.file).with_suffix(".png"))
    Image.fromarray(np.full((200, 200), 90, np.uint8)).save(folder / "ood" / "grey.png")
    (folder / "ood" / "broken.png").write_bytes(b"no picture")
    (folder / "ood" / "index.csv").write_text("file,kind\ngrey.png,natural\nbroken.png,ct\n")
    return folder


@pytest.fixture(scope="module")
def learned(data, tmp_path_factory):
    manifest = read_manifest(data / "manifest.csv", labels=LABELS)
    return Data(manifest=manifest, images=data / "images", cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def made(learned, tmp_path_factory):
    """A bundle of a run on every source, and the folder of graphs that holds its graph."""
    folder = tmp_path_factory.mktemp("bundle")
    train(tiny.CONFIG, learned, run=folder / "run", networks=tiny.NETWORKS)
    bundle = folder / "tiny"
    card = assemble(folder / "run", learned, out=bundle, most_error=1.0, networks=tiny.NETWORKS)
    # Statistics of 36 films turn many others away; here the gate is not what is looked at.
    limits = replace(card.gate_limits, largest_oddness=1e6)
    evaluation.write_card(replace(card, gate_limits=limits), bundle)
    compile_graph(bundle, folder / "graphs" / card.weights_sha256, networks=tiny.NETWORKS)
    return folder


@pytest.fixture(scope="module")
def sibling(learned, tmp_path_factory):
    config = replace(tiny.CONFIG, epochs=1, left_out_sources=("source1",))
    folder = tmp_path_factory.mktemp("sibling")
    train(config, learned, run=folder, networks=tiny.NETWORKS)
    return folder


@pytest.fixture(autouse=True)
def _graphs(made, monkeypatch):
    monkeypatch.setenv("LIGHTBOX_GRAPH_DIR", str(made / "graphs"))


@pytest.fixture(scope="module")
def measured(made, data, tmp_path_factory):
    bundle = shutil.copytree(made / "tiny", tmp_path_factory.mktemp("measured") / "tiny")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIGHTBOX_GRAPH_DIR", str(made / "graphs"))
        main(["evaluate", "--bundle", str(bundle), "--data", str(data), "--manifest", str(data / "manifest.csv")])
    return bundle


@pytest.fixture
def evaluated(measured, tmp_path):
    """A copy of the measured bundle that a test may change."""
    return shutil.copytree(measured, tmp_path / "tiny")


def test_a_bundle_is_measured_told_and_measured_again_with_the_same_figures(evaluated, data, tmp_path, capsys):
    found = json.loads((evaluated / "evaluation.json").read_text())
    card = load_card(evaluated)
    assert found["subsets"]["all"]["n"] == 18
    assert np.sum(found["confusion"]) == 18
    assert found["is_manifest_of_training"]
    assert found["parity"]["largest_difference"] <= 1e-4
    # The nine films of a single source are too few for a line.
    assert set(found["subsets"]) == {"all", "adults", "age_group: adult"}
    assert found["painted"]["films"]["lungs painted over"]["n"] == 18
    assert found["maps"]["n"] == 36
    assert found["maps"]["sets"]["infection"]["n"] == 12
    assert found["lung finder"] == {}
    assert found["not chest X-rays"]["ct"] == {"n": 1, "refused": 1, "inconclusive": 0}
    assert found["not chest X-rays"]["natural"] == {"n": 1, "refused": 1, "inconclusive": 0}
    assert found["spoiled films"]["shrunk to 64 x 64"] == {"n": 18, "refused": 18, "inconclusive": 0}
    assert card.metrics["all"] == found["subsets"]["all"]
    assert set(found["plots"]) <= set(card.files)

    main(["report", "--bundle", str(evaluated), "--out", str(tmp_path / "docs" / "card.md")])
    page = (tmp_path / "docs" / "card.md").read_text()
    accuracy = found["subsets"]["all"]["figures"]["accuracy"]
    assert f"{accuracy['value']:.3f} ({accuracy['low']:.3f} to {accuracy['high']:.3f})" in page
    assert card.weights_sha256 in page
    assert "Expect worse at hospitals it has not seen" in page
    assert "$" not in page
    for name in found["plots"]:
        assert f"](images/{name})" in page
        assert (tmp_path / "docs" / "images" / name).read_bytes() == (evaluated / name).read_bytes()

    arguments = ["--bundle", str(evaluated), "--data", str(data), "--manifest", str(data / "manifest.csv")]
    main(["reproduce", *arguments, "--out", str(tmp_path / "again")])
    assert "0 figures differ" in capsys.readouterr().out
    again = tmp_path / "again" / "tiny"
    assert [(again / name).read_bytes() for name in found["plots"]] == [
        (evaluated / name).read_bytes() for name in found["plots"]
    ]


def test_a_figure_that_came_out_otherwise_is_named():
    stored = {"subsets": {"all": {"n": 18, "figures": {"accuracy": {"value": 0.9, "low": 0.8}}}}, "confusion": [[1, 2]]}
    found = {"subsets": {"all": {"n": 18, "figures": {"accuracy": {"value": 0.896}}}}, "confusion": [[1, 3]]}
    assert [str(one) for one in differences(stored, found)] == [
        "confusion > 0 > 1: stored 2.0, now 3.0",
        "subsets > all > figures > accuracy > low: stored 0.8, now None",
    ]


def test_points_of_curves_and_examples_may_move():
    stored = {"curves": {"roc": [0.1]}, "failures": {"wrong": 3}, "plots": {}, "bundle": "one"}
    assert differences(stored, stored | {"curves": {"roc": [0.3]}, "failures": {"wrong": 4}}) == []


def test_siblings_are_scored_inside_and_outside_and_the_card_shows_them(evaluated, sibling, learned, data, capsys):
    arguments = ["--bundle", str(evaluated), "--data", str(data), "--manifest", str(data / "manifest.csv")]
    main(["left-out", str(sibling), *arguments, "--cache", str(learned.cache)])
    found = json.loads((evaluated / "left_out.json").read_text())
    (one,) = found["siblings"]
    assert one["left out"] == ["source1"]
    assert one["outside"]["n"] == found["pooled"]["n"] == one["sources"]["source1"]["n"] == 36
    assert one["inside"]["n"] == 9
    assert found["mean over sources"]["accuracy"] == {
        "value": one["sources"]["source1"]["figures"]["accuracy"]["value"],
        "sources": 1,
    }
    assert "auroc covid19 beside inside films" in one["sources"]["source1"]["figures"]
    assert "balanced accuracy" in capsys.readouterr().out
    assert {"left_out.json", "left_out.npz"} <= set(load_card(evaluated).files)
    with np.load(evaluated / "left_out.npz", allow_pickle=False) as stored:
        assert stored["logits"].shape == (36, 3)
        assert set(stored["sources"].tolist()) == {"source1"}
        assert stored["sibling"].tolist() == [0] * 36
        assert stored["inside_logits"].shape == (9, 3)
        assert set(stored["inside_sources"].tolist()) == {"source0"}
    out = evaluated.parent / "card.md"
    main(["report", "--bundle", str(evaluated), "--out", str(out)])
    assert "Without source1 (tiny, 32 px," in out.read_text()
    assert "1 epochs, from scratch):" in out.read_text()
    outside = rule_outside(evaluated, load_card(evaluated))
    assert outside["n"] == outside["sources"]["source1"]["n"] == 36
    assert outside["inside"]["n"] == 9
    assert outside["figures"]["coverage"]["value"] == pytest.approx(np.mean(named(evaluated)))


def named(bundle):
    """Whether the bundle's rule names each film outside, from the logits as they are stored."""
    card = load_card(bundle)
    with np.load(bundle / "left_out.npz", allow_pickle=False) as stored:
        grown = np.exp(stored["logits"].astype(np.float64) / card.temperature)
    chances = grown / grown.sum(axis=1, keepdims=True)
    return [card.selective_rule.accepts(card.labels[row.argmax()], row.max()) for row in chances]


def test_the_logits_outside_are_of_films_the_run_never_saw(sibling, learned):
    found = outside_logits(sibling, learned.manifest, learned.images, learned.cache)
    assert found.logits.shape == (36, 3)
    assert set(found.sources.tolist()) == {"source1"}
    assert np.bincount(found.targets).tolist() == [12, 12, 12]


def test_a_run_that_saw_every_source_says_nothing_of_unseen_ones(made, learned):
    with pytest.raises(ValueError, match="Train with --leave-out"):
        outside_logits(made / "run", learned.manifest, learned.images, learned.cache)


def test_a_sibling_that_learned_from_another_manifest_is_refused(made, sibling, learned):
    other = replace(learned.manifest, sha256="0" * 64)
    with pytest.raises(BadRun, match="Name the run's own manifest"):
        evaluate_left_out([sibling], other, images=learned.images, cache=learned.cache, bundle=made / "tiny")


def test_a_bundle_is_not_measured_on_another_manifest_than_its_own_unless_it_is_named(
    made, data, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="with --manifest"):
        main(["evaluate", "--bundle", str(made / "tiny"), "--images", str(data / "images")])


def test_where_every_film_is_refused_there_is_nothing_to_report(evaluated, learned):
    card = load_card(evaluated)
    limits = replace(card.gate_limits, largest_oddness=-1e6)
    evaluation.write_card(replace(card, gate_limits=limits), evaluated)
    with pytest.raises(ValueError, match="the gate refused every one"):
        evaluation.evaluate(evaluated, learned.manifest, images=learned.images)
