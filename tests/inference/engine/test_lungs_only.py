"""A bundle that reads the lungs alone: its own finder or none, answers with the box, older bundles as ever."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from inference.engine import gate
from inference.engine.bundle import DEFAULT_BUNDLE, LUNGS, load_card, load_weights, sha256_of, write_bundle, write_card
from inference.engine.calibrate import probabilities
from inference.engine.errors import BadBundle
from inference.engine.lungs import WHOLE, LungFinder, lung_box
from inference.engine.predict import Predictor
from inference.engine.preprocess import LUNGS_ONLY, WHOLE_FILM, finder_input, prepare, to_input
from inference.engine.serve import LUNGS_GRAPH, PARITY, Graph, ensure_graph
from inference.engine.synthetic import sample
from tests.inference.drawn_finder import write_drawn_finder
from tests.inference.engine.conftest import tiny_card
from tests.inference.tiny import draw

VERSION_1 = DEFAULT_BUNDLE.with_name("resnet50-v1")
PIXELS = draw("covid19", 1).astype(np.float32) / 255
PICTURE = SimpleNamespace(pixels=PIXELS, sha256="f" * 64)


@pytest.fixture
def reader(made_bundle, tmp_path):
    """A bundle with the tiny network and a finder."""
    (tmp_path / "finder.npz").write_bytes(b"a finder's weights")
    folder = tmp_path / "reader"
    card = tiny_card(preprocess_version=LUNGS_ONLY)
    statistics = gate.GateStatistics.read(made_bundle / "gate.npz")
    write_bundle(folder, card, weights=load_weights(made_bundle), statistics=statistics, finder=tmp_path / "finder.npz")
    return folder


@pytest.fixture
def reader_graph(reader, graph_dir, tmp_path):
    """Its graphs: the tiny network's, and a finder's that marks what is dark."""
    folder = shutil.copytree(graph_dir, tmp_path / "graph")
    write_drawn_finder(folder / LUNGS_GRAPH)
    files = {path.name: sha256_of(path) for path in folder.iterdir() if path.name != PARITY}
    card = load_card(reader)
    record = {"weights_sha256": card.weights_sha256, "lungs_sha256": card.files[LUNGS], "files": files}
    (folder / PARITY).write_text(json.dumps(record))
    return folder


def test_the_answer_says_which_part_of_the_film_was_read(reader, reader_graph):
    found = Predictor.load(reader, graph_dir=reader_graph).predict(PICTURE)
    box = lung_box(LungFinder(reader_graph / LUNGS_GRAPH)(finder_input(PIXELS)))
    assert found.box == box != WHOLE
    assert found.lineage["box"] == list(box)
    assert found.lineage["preprocess_version"] == LUNGS_ONLY
    assert found.cam.shape == (8, 8)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    json.dumps(found.lineage)


def test_the_network_is_given_the_crop(reader, reader_graph):
    find_lungs = LungFinder(reader_graph / LUNGS_GRAPH)
    found = Predictor.load(reader, graph_dir=reader_graph).predict(PICTURE).probabilities
    inputs = [prepare(PIXELS, size=32, find_lungs=finder).inputs for finder in (find_lungs, None)]
    cropped, whole = probabilities(Graph(reader_graph).run(np.stack(inputs))[0], temperature=1.5)
    assert list(found.values()) == pytest.approx(cropped, abs=1e-5)
    assert list(found.values()) != pytest.approx(whole, abs=1e-5)


def test_a_bundle_of_whole_films_answers_as_before_there_were_finders(made_bundle, graph_dir):
    found = Predictor.load(made_bundle, graph_dir=graph_dir).predict(PICTURE)
    logits, _ = Graph(graph_dir).run(to_input(PIXELS, size=32)[np.newaxis])
    assert list(found.probabilities.values()) == pytest.approx(probabilities(logits[0], temperature=1.5), abs=1e-6)
    assert (found.box, found.lineage["box"]) == (WHOLE, list(WHOLE))
    assert found.lineage["preprocess_version"] == WHOLE_FILM


def test_a_bundle_without_its_finder_is_refused(reader):
    (reader / LUNGS).unlink()
    with pytest.raises(BadBundle, match=r"Expected the file lungs\.npz in .*; received no such file"):
        load_card(reader)
    write_card(replace(tiny_card(preprocess_version=LUNGS_ONLY)), reader)
    with pytest.raises(BadBundle, match=r"lungs\.npz among the files of .*; received a card without it"):
        load_card(reader)


def test_a_bundle_whose_finder_was_changed_is_refused(reader):
    (reader / LUNGS).write_bytes(b"another finder's weights")
    with pytest.raises(BadBundle, match=r"lungs\.npz with SHA-256"):
        load_card(reader)


def test_the_graph_of_another_finder_is_refused_though_the_network_is_the_same(reader, reader_graph, made_bundle):
    assert ensure_graph(reader, reader_graph) == reader_graph
    with pytest.raises(BadBundle, match="Delete that folder"):
        ensure_graph(made_bundle, reader_graph)
    (reader / LUNGS).write_bytes(b"trained anew")
    write_card(tiny_card(preprocess_version=LUNGS_ONLY), reader)
    with pytest.raises(BadBundle, match=r"lung finder \w{64}.*Delete that folder"):
        ensure_graph(reader, reader_graph)


def test_a_new_bundle_takes_no_folder_that_holds_something(reader, made_bundle):
    before = {path.name: sha256_of(path) for path in reader.iterdir()}
    statistics = gate.GateStatistics.read(made_bundle / "gate.npz")
    with pytest.raises(BadBundle, match=r"an empty one, at .*Name another folder, or remove that one"):
        write_bundle(reader, tiny_card(), weights=load_weights(made_bundle), statistics=statistics)
    assert {path.name: sha256_of(path) for path in reader.iterdir()} == before
    assert [path.name for path in reader.parent.glob(".bundle-*")] == []


def test_a_bundle_that_could_not_be_written_is_not_there(made_bundle, tmp_path):
    weights = {**load_weights(made_bundle), "logits/kernel": np.full((6, 3), 1e9, dtype=np.float32)}
    statistics = gate.GateStatistics.read(made_bundle / "gate.npz")
    with pytest.raises(ValueError, match="finite weights"), np.errstate(over="ignore"):
        write_bundle(tmp_path / "new", tiny_card(), weights=weights, statistics=statistics)
    assert list(tmp_path.iterdir()) == []


# What version 1 said of two synthetic films on the day before films could be cropped: mean and spread of the network's
# input, and the probabilities.
BEFORE = {
    "covid19": (0.5245616, 0.2753783, (0.8840165, 0.0586737, 0.0573099)),
    "pneumonia": (0.5020524, 0.2676592, (0.5165998, 0.1279314, 0.3554689)),
}


def synthetic(label):
    return np.asarray(sample(label, 1)).astype(np.float32) / 255


@pytest.mark.parametrize("label", BEFORE)
def test_whole_films_are_prepared_as_before_there_were_finders(label):
    inputs = to_input(synthetic(label), size=96)
    assert (inputs.mean(), inputs.std()) == pytest.approx(BEFORE[label][:2], abs=1e-5)


@pytest.mark.slow
def test_version_1_answers_as_before_there_were_finders():
    predictor = Predictor.load(VERSION_1)
    assert predictor.card.preprocess_version == WHOLE_FILM
    for label, (_, _, expected) in BEFORE.items():
        found = predictor.predict(SimpleNamespace(pixels=synthetic(label), sha256="0" * 64))
        # The graph's own tolerance: another processor rounds otherwise.
        assert list(found.probabilities.values()) == pytest.approx(expected, abs=2e-4)
