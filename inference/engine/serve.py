"""The serving graph: OpenVINO, made from the Keras network in its own process and checked against it in float32."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine.bundle import LUNGS, Card, load_card, load_weights, sha256_of
from inference.engine.calibrate import probabilities
from inference.engine.errors import BadBundle, EngineBusy
from inference.engine.lungs import FindLungs, LungFinder
from inference.engine.precision import F32, check_processor
from inference.engine.preprocess import prepare
from inference.engine.synthetic import labels, sample

PROJECT = Path(__file__).resolve().parents[2]
GRAPH, LUNGS_GRAPH, PARITY = "graph.xml", "lungs.xml", "parity.json"
# Largest difference in any probability between Keras and the graph.
TOLERANCE = 1e-4
_COMPILE_SECONDS = 600
_FILMS_PER_LABEL = 2


class Graph:
    """A loaded serving graph; makes logits and the last convolutional map in one pass."""

    def __init__(self, graph_dir: Path, *, precision: str = F32) -> None:
        """Load a checked graph; precision: one of `precision.PRECISIONS`. Raises BadPrecision."""
        import openvino

        engine = openvino.Core()
        self.device = str(engine.get_property("CPU", "FULL_DEVICE_NAME"))
        self.precision = precision
        capabilities = engine.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        check_processor(precision, capabilities=capabilities, device=self.device)
        # Always stated: processors with bfloat16 compute in it unasked, which changes numbers (DESIGN section 5).
        settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
        self._compiled = engine.compile_model(graph_dir / GRAPH, "CPU", settings)
        self.sha256 = json.loads((graph_dir / PARITY).read_text())["files"][GRAPH.replace(".xml", ".bin")]

    def run(self, inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits (n, labels) and last map (n, h, w, channels) of inputs (n, side, side, 1)."""
        found = self._compiled(inputs)
        logits, last_map = sorted((found[index] for index in range(2)), key=np.ndim)
        return np.array(logits), np.array(last_map)


def default_graph_dir(weights_sha256: str) -> Path:
    """Where a bundle's graph is kept: under $LIGHTBOX_GRAPH_DIR, or var/graphs of the project."""
    return Path(os.environ.get("LIGHTBOX_GRAPH_DIR") or PROJECT / "var" / "graphs") / weights_sha256


def ensure_graph(bundle_dir: Path, graph_dir: Path | None = None) -> Path:
    """The folder of a bundle's checked graph, made first when missing; use before loading it in a worker.

    graph_dir: default `default_graph_dir`. Making it takes a child process with TensorFlow about half a minute; two
    processes may race, and both end with the same folder.
    Raises BadBundle when the bundle, the graph or their parity is not as recorded; EngineBusy when the
    child ran out of time.
    """
    card = load_card(bundle_dir)
    folder = graph_dir or default_graph_dir(card.weights_sha256)
    if not (folder / PARITY).exists():
        _compile_in_child(bundle_dir, folder)
    _check_graph(folder, card)
    return folder


def _compile_in_child(bundle_dir: Path, graph_dir: Path) -> None:
    command = [sys.executable, "-m", "inference.engine", "compile", str(bundle_dir.resolve())]
    command += ["--graph-dir", str(graph_dir.resolve())]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}
    try:
        done = subprocess.run(  # noqa: S603 - our own module, with paths as arguments
            command, cwd=PROJECT, env={**os.environ, **quiet}, capture_output=True, text=True, timeout=_COMPILE_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise EngineBusy(
            expected=f"the serving graph within {_COMPILE_SECONDS} s", received="no end", remedy="Try again"
        ) from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise BadBundle(
            expected=f"a serving graph from {bundle_dir}",
            received=lines[-1],
            remedy="Run python -m inference.engine compile with the bundle to see the whole message",
        )


def _check_graph(graph_dir: Path, card: Card) -> None:
    try:
        found = json.loads((graph_dir / PARITY).read_text())
        received = {name: sha256_of(graph_dir / name) for name in found["files"]}
        # Two bundles may share their network and not their lung finder, and the folder is named by the network.
        made_of = (found["weights_sha256"], found.get("lungs_sha256"))
        agrees = made_of == (card.weights_sha256, _lungs_sha256(card)) and received == found["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _bad_graph(graph_dir, f"{type(error).__name__}: {error}") from error
    if not agrees:
        raise _bad_graph(graph_dir, f"weights {made_of[0]}, lung finder {made_of[1]}, files {received}")


def _lungs_sha256(card: Card) -> str | None:
    return card.files[LUNGS] if card.reads_lungs_only else None


def _bad_graph(graph_dir: Path, received: str) -> BadBundle:
    return BadBundle(
        expected=f"the bundle's own unchanged graph in {graph_dir}",
        received=received,
        remedy="Delete that folder, so that the graph is made again",
    )


def compile_graph(bundle_dir: Path, graph_dir: Path, *, networks: Mapping[str, Any] | None = None) -> float:
    """Make a bundle's graph in `graph_dir`; imports TensorFlow, so it runs in a process of its own.

    networks: a table of networks by name, default the engine's. Appears whole or not at all.
    Returns the largest difference in probability from Keras. Raises BadBundle when it is above 1e-4.
    """
    card = load_card(bundle_dir)
    graph_dir.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".graph-", dir=graph_dir.parent))
    try:
        difference = _write_graph(card, bundle_dir, partial, networks)
        # A temporary folder is its maker's alone; the workers may run as another user.
        partial.chmod(0o755)
        try:
            partial.rename(graph_dir)
        except OSError:
            # Another process was first: its graph stands, if it is this bundle's.
            _check_graph(graph_dir, card)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return difference


def _write_graph(card: Card, bundle_dir: Path, folder: Path, networks: Mapping[str, Any] | None) -> float:
    import openvino

    from inference.engine.compile_lungs import write_finder_graph

    model = keras_model(card, bundle_dir, networks=networks)
    converted = openvino.convert_model(_traced(model, card.input_size))
    openvino.save_model(converted, folder / GRAPH, compress_to_fp16=False)
    find_lungs = None
    if card.reads_lungs_only:
        write_finder_graph(bundle_dir / LUNGS, folder / LUNGS_GRAPH)
        find_lungs = LungFinder(folder / LUNGS_GRAPH)
    files = {path.name: sha256_of(path) for path in sorted(folder.iterdir())}
    made_of = {"weights_sha256": card.weights_sha256, "lungs_sha256": _lungs_sha256(card)}
    record: dict[str, Any] = {**made_of, "files": files, "openvino": openvino.__version__}
    (folder / PARITY).write_text(json.dumps(record))
    inputs = parity_inputs(card.input_size, find_lungs=find_lungs)
    reference = np.asarray(model(inputs, training=False)["logits"])
    difference = check_parity(reference, Graph(folder).run(inputs)[0], temperature=card.temperature)
    record |= {"largest_difference": difference, "tolerance": TOLERANCE, "inputs": len(inputs)}
    (folder / PARITY).write_text(json.dumps(record, indent=2) + "\n")
    return difference


def _traced(model: Any, size: int) -> Any:
    import tensorflow

    # Traced here with a fixed side, because OpenVINO's own tracing hands Keras a tuple and Keras warns of it.
    signature = [tensorflow.TensorSpec((None, size, size, 1), tensorflow.float32, name="pixels")]
    traced = tensorflow.function(lambda pixels: model(pixels, training=False), input_signature=signature)
    return traced.get_concrete_function()


def keras_model(card: Card, bundle_dir: Path, *, networks: Mapping[str, Any] | None = None) -> Any:
    """The bundle's Keras network with its stored weights, float32; only in training and in the compile step.

    Raises BadBundle when the stored weights are not the network's.
    """
    from inference.engine import network

    model = network.build(card.architecture, label_count=len(card.labels), networks=networks)
    stored = load_weights(bundle_dir)
    expected = {variable.path: tuple(variable.shape) for variable in model.variables}
    received = {name: value.shape for name, value in stored.items()}
    if expected != received:
        differing = sorted(set(expected.items()) ^ set(received.items()))[:4]
        raise BadBundle(
            expected=f"the weights of {card.architecture}",
            received=f"other variables: {differing}",
            remedy="Make the bundle again with this version of the engine",
        )
    for variable in model.variables:
        variable.assign(stored[variable.path])
    return model


def parity_inputs(size: int, *, find_lungs: FindLungs | None = None) -> NDArray[np.float32]:
    """Inputs (n, size, size, 1) for the parity check, always the same: patterns from smooth to noisy, then films.

    find_lungs: the bundle's finder, so that the synthetic films are prepared as the bundle reads them.
    """
    generator = np.random.default_rng(0)
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    smooth = [np.outer(np.sin(3 * ramp * index) ** 2, ramp) for index in range(8)]
    noisy = list(generator.random((8, size, size)))
    drawn = [sample(label, seed) for label in labels() for seed in range(_FILMS_PER_LABEL)]
    films = [
        prepare(film.astype(np.float32) / np.float32(255), size=size, find_lungs=find_lungs).inputs for film in drawn
    ]
    patterns = np.stack(smooth + noisy)[..., np.newaxis]
    return np.concatenate([patterns, np.stack(films)]).astype(np.float32)


def check_parity(reference: NDArray[np.floating], served: NDArray[np.floating], *, temperature: float) -> float:
    """Largest difference in probability between two sets of logits (n, labels); raises BadBundle above 1e-4."""
    gaps = probabilities(reference, temperature=temperature) - probabilities(served, temperature=temperature)
    difference = float(np.abs(gaps).max())
    if not difference <= TOLERANCE:
        raise BadBundle(
            expected=f"a graph within {TOLERANCE} of Keras in every probability",
            received=f"a difference of {difference:.2e}",
            remedy="Do not register this bundle; report the difference with the OpenVINO version",
        )
    return difference
