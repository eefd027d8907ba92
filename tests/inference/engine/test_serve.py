"""The serving graph is the bundle's own, equal to Keras, whole or absent, whoever makes it first."""

import json
import shutil

import numpy as np
import pytest

from inference.engine import serve
from inference.engine.bundle import load_card
from inference.engine.errors import BadBundle
from tests.inference import tiny


def test_the_graph_gives_what_keras_gives(made_bundle, graph_dir):
    card = load_card(made_bundle)
    inputs = np.random.default_rng(7).random((3, tiny.SIZE, tiny.SIZE, 1), dtype=np.float32)
    reference = serve.keras_model(card, made_bundle, networks=tiny.NETWORKS)(inputs)
    logits, last_map = serve.Graph(graph_dir).run(inputs)
    assert np.allclose(logits, np.asarray(reference["logits"]), atol=1e-5)
    assert np.allclose(last_map, np.asarray(reference["last_map"]), atol=1e-5)
    assert json.loads((graph_dir / "parity.json").read_text())["largest_difference"] <= serve.TOLERANCE


def test_a_graph_that_differs_from_keras_is_refused():
    reference = np.array([[1.0, 2.0, 3.0]])
    assert serve.check_parity(reference, reference + 1e-6, temperature=1.0) < 1e-5
    with pytest.raises(BadBundle, match=r"difference of .*e-0[0-9]"):
        serve.check_parity(reference, reference + np.array([0.0, 0.0, 0.01]), temperature=1.0)
    with pytest.raises(BadBundle):
        serve.check_parity(reference, reference * np.nan, temperature=1.0)


def test_parity_is_asked_of_patterns_and_of_films_as_the_bundle_reads_them(graph_dir):
    def find_lungs(overview):
        lungs = np.zeros(overview.shape[:2], dtype=np.float32)
        lungs[20:70, 20:70] = 1
        return lungs

    whole, cropped = serve.parity_inputs(32), serve.parity_inputs(32, find_lungs=find_lungs)
    assert whole.shape == cropped.shape == (22, 32, 32, 1)
    assert np.array_equal(whole[:16], cropped[:16])
    assert all(np.abs(one - other).mean() > 0.01 for one, other in zip(whole[16:], cropped[16:], strict=True))
    assert json.loads((graph_dir / "parity.json").read_text())["inputs"] == 22


def test_a_differing_graph_leaves_nothing_behind(made_bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(serve.Graph, "run", lambda self, inputs: (np.zeros((len(inputs), 3)), None))
    with pytest.raises(BadBundle, match=r"within 0\.0001 of Keras"):
        serve.compile_graph(made_bundle, tmp_path / "graph", networks=tiny.NETWORKS)
    assert list(tmp_path.iterdir()) == []


def test_a_made_graph_is_used_without_making_it_again(made_bundle, graph_dir, monkeypatch):
    monkeypatch.setattr(serve, "_compile_in_child", lambda *_: pytest.fail("made again"))
    assert serve.ensure_graph(made_bundle, graph_dir) == graph_dir


@pytest.mark.parametrize("name", ["graph.bin", "graph.xml"])
def test_a_changed_graph_is_refused(made_bundle, graph_dir, tmp_path, name):
    copy = shutil.copytree(graph_dir, tmp_path / "graph")
    with (copy / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(BadBundle, match="Delete that folder"):
        serve.ensure_graph(made_bundle, copy)


def test_the_graph_of_other_weights_is_refused(made_bundle, graph_dir, tmp_path):
    copy = shutil.copytree(graph_dir, tmp_path / "graph")
    record = json.loads((copy / "parity.json").read_text())
    (copy / "parity.json").write_text(json.dumps({**record, "weights_sha256": "0" * 64}))
    with pytest.raises(BadBundle, match="weights 0000"):
        serve.ensure_graph(made_bundle, copy)


def test_the_second_of_two_makers_keeps_the_first_ones_graph(made_bundle, graph_dir, tmp_path):
    copy = shutil.copytree(graph_dir, tmp_path / "graph")
    before = (copy / "parity.json").read_bytes()
    serve.compile_graph(made_bundle, copy, networks=tiny.NETWORKS)
    assert (copy / "parity.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["graph"]


def test_weights_of_another_network_are_refused(made_bundle):
    with pytest.raises(BadBundle, match="other variables"):
        serve.keras_model(load_card(made_bundle), made_bundle, networks={"tiny": lambda pixels: pixels})


def test_what_the_child_says_reaches_the_caller(made_bundle, tmp_path):
    with pytest.raises(BadBundle, match="Expected a network among"):
        serve.ensure_graph(made_bundle, tmp_path / "graph")


def test_graphs_are_kept_by_weights_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("LIGHTBOX_GRAPH_DIR", str(tmp_path))
    assert serve.default_graph_dir("abc") == tmp_path / "abc"
    monkeypatch.delenv("LIGHTBOX_GRAPH_DIR")
    assert serve.default_graph_dir("abc").parts[-3:] == ("var", "graphs", "abc")
