"""`make bench-inference`: images a second and memory of a bundle by three ways, and what a film costs step by step.

    python -m bench.inference [--bundle DIR] [--rounds N] [--json]

Every way runs in a process of its own, so that its memory is its own. Batch 1, all cores, warm.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine import synthetic
from inference.engine.bundle import DEFAULT_BUNDLE, load_card
from inference.engine.calibrate import probabilities
from inference.engine.precision import BF16, F32, precisions_here
from inference.engine.predict import NOT_ANALYSED, Predictor
from inference.engine.read import read_picture
from inference.engine.serve import Graph, ensure_graph, keras_model, parity_inputs
from tests.pictures.dicoms import dicom_bytes

_PROJECT = Path(__file__).resolve().parents[1]
ROUNDS, WARM_UP = 50, 10
STEPS = "steps"
# The engine's name of a step, where the question asked has another.
_ASKED = {"network": "predict"}
_LARGE = (4000, 3000)
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}

Inputs = NDArray[np.float32]
Way = Callable[[Inputs], Any]


def keras_predict(bundle: Path) -> Way:
    """Keras `predict` of the bundle's network; gives logits."""
    model = keras_model(load_card(bundle), bundle)
    return lambda inputs: model.predict(inputs, verbose=0)["logits"]


def traced_function(bundle: Path) -> Way:
    """The same network in a `tf.function` traced for one film; gives logits."""
    import tensorflow

    card = load_card(bundle)
    model = keras_model(card, bundle)
    signature = [tensorflow.TensorSpec((1, card.input_size, card.input_size, 1), tensorflow.float32)]
    traced = tensorflow.function(lambda pixels: model(pixels, training=False)["logits"], input_signature=signature)
    return lambda inputs: traced(tensorflow.constant(inputs)).numpy()


def serving_graph(bundle: Path, *, precision: str = F32) -> Way:
    """The graph that workers run; gives logits."""
    graph = Graph(ensure_graph(bundle), precision=precision)
    return lambda inputs: graph.run(inputs)[0]


_BFLOAT16 = "serving graph, bfloat16"
WAYS: dict[str, Callable[[Path], Way]] = {
    "Keras predict": keras_predict,
    "tf.function": traced_function,
    "serving graph": serving_graph,
    _BFLOAT16: partial(serving_graph, precision=BF16),
}


def summary(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile of times in milliseconds."""
    middle, late = np.percentile(milliseconds, (50, 95))
    return {"median_ms": round(float(middle), 2), "p95_ms": round(float(late), 2)}


def peak_memory() -> int:
    """The most memory this process has had resident, in MB; Linux."""
    # Not getrusage: a child's count there begins with its parent's.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def measure_way(name: str, bundle: Path, *, rounds: int) -> dict[str, Any]:
    """Load a way and time it, one film at a call."""
    began = time.perf_counter()
    run = WAYS[name](bundle)
    card = load_card(bundle)
    inputs = parity_inputs(card.input_size)[:1]
    logits = run(inputs)
    ready = time.perf_counter() - began
    for _ in range(WARM_UP):
        run(inputs)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        run(inputs)
        times.append(1000 * (time.perf_counter() - began))
    return {
        "images_per_second": round(1000 * rounds / sum(times), 1),
        **summary(times),
        "seconds_to_first": round(ready, 2),
        "peak_mb": peak_memory(),
        "probabilities": probabilities(logits, temperature=card.temperature)[0].tolist(),
    }


def make_films(folder: Path) -> None:
    """Write the films whose steps are timed: a synthetic one as PNG, and enlarged as an uncompressed 16-bit DICOM."""
    small = synthetic.sample(synthetic.labels()[0], 1)
    rows, columns = _LARGE
    large = np.asarray(Image.fromarray(small).resize((columns, rows), Image.Resampling.BICUBIC)).astype(np.uint16) * 257
    Image.fromarray(small).save(folder / f"PNG, {small.shape[1]} x {small.shape[0]}, 8 bit.png")
    dicom = dicom_bytes(large, BitsStored=16, HighBit=15)
    (folder / f"DICOM, {columns} x {rows}, 16 bit.dcm").write_bytes(dicom)


def measure_steps(bundle: Path, films: Path, *, rounds: int) -> dict[str, Any]:
    """Read and predict every film of a folder as a worker does; times of each step by film."""
    predictor = Predictor.load(bundle)
    found = {path.stem: _film_steps(predictor, path, rounds=rounds) for path in sorted(films.iterdir(), reverse=True)}
    return {"films": found, "peak_mb": peak_memory()}


def _film_steps(predictor: Predictor, path: Path, *, rounds: int) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = {}
    for number in range(WARM_UP // 5 + rounds):
        began = time.perf_counter()
        picture = read_picture(path)
        read = 1000 * (time.perf_counter() - began)
        prediction = predictor.predict(picture)
        whole = 1000 * (time.perf_counter() - began)
        if prediction.outcome == NOT_ANALYSED:
            raise SystemExit(
                f"Expected an answer for {path.name}; received {prediction.reason}. Choose another bundle."
            )
        laps = {_ASKED.get(name, name): lap for name, lap in prediction.lineage["timings_ms"].items()}
        if number >= WARM_UP // 5:
            for name, lap in {"read": read, **laps, "all": whole}.items():
                times.setdefault(name, []).append(lap)
    return {name: summary(laps) for name, laps in times.items()}


def measure(bundle: Path, *, rounds: int) -> dict[str, Any]:
    """Measure every way and the steps, each in a child; returns the numbers."""
    card = load_card(bundle)
    ensure_graph(bundle)
    here = [name for name in WAYS if name != _BFLOAT16 or BF16 in precisions_here()]
    ways = {name: measure_apart(name, bundle, rounds=rounds) for name in here}
    reference = np.array(ways["Keras predict"]["probabilities"])
    for found in ways.values():
        found["differs_by"] = float(np.abs(np.array(found.pop("probabilities")) - reference).max())
    with tempfile.TemporaryDirectory(prefix="lightbox-bench-") as folder:
        make_films(Path(folder))
        steps = measure_apart(STEPS, bundle, "--films", folder, rounds=rounds)
    return {
        "bundle": card.name,
        "weights_sha256": card.weights_sha256,
        "network": card.architecture,
        "input_size": card.input_size,
        "cores": os.cpu_count(),
        "rounds": rounds,
        "ways": ways,
        STEPS: steps,
    }


def measure_apart(name: str, bundle: Path, *more: str, rounds: int) -> Any:
    """Measure one part in a child, with further arguments of this command; returns what the child printed."""
    command = [sys.executable, "-m", "bench.inference", "--only", name, *more]
    command += ["--bundle", str(bundle), "--rounds", str(rounds)]
    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=_PROJECT, env={**os.environ, **_QUIET}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"Expected the figures of {name}; received: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def table(numbers: dict[str, Any]) -> str:
    """The numbers as people read them."""
    lines = [
        f"{numbers['bundle']}: {numbers['network']}, {numbers['input_size']} px, batch 1, {numbers['cores']} cores, "
        f"n = {numbers['rounds']} after a warm-up",
        "",
        f"{'way':28}{'images/s':>10}{'median ms':>11}{'p95 ms':>9}{'to first s':>12}{'peak MB':>9}{'differs by':>12}",
    ]
    for name, found in numbers["ways"].items():
        lines.append(
            f"{name:28}{found['images_per_second']:10.1f}{found['median_ms']:11.2f}{found['p95_ms']:9.2f}"
            f"{found['seconds_to_first']:12.2f}{found['peak_mb']:9d}{found['differs_by']:12.1e}"
        )
    lines += ["", f"a film in a worker, median (p95) in ms; peak {numbers[STEPS]['peak_mb']} MB"]
    films = numbers[STEPS]["films"]
    names = list(dict.fromkeys(name for steps in films.values() for name in steps))
    lines.append(f"{'film':28}" + "".join(f"{name:>19}" for name in names))
    for film, steps in films.items():
        cells = [f"{step['median_ms']:.2f} ({step['p95_ms']:.2f})" for step in steps.values()]
        lines.append(f"{film:28}" + "".join(f"{cell:>19}" for cell in cells))
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.inference")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="calls that are timed")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the table")
    parser.add_argument("--only", choices=[*WAYS, STEPS], help="measure one part, in this process")
    parser.add_argument("--films", type=Path, help=f"folder of films, for --only {STEPS}")
    stated = parser.parse_args(arguments)
    bundle = stated.bundle.resolve()
    if stated.only == STEPS:
        numbers = measure_steps(bundle, stated.films, rounds=stated.rounds)
    elif stated.only:
        numbers = measure_way(stated.only, bundle, rounds=stated.rounds)
    else:
        numbers = measure(bundle, rounds=stated.rounds)
    whole = stated.json or stated.only
    sys.stdout.write((json.dumps(numbers) if whole else table(numbers)) + "\n")


if __name__ == "__main__":
    main()
