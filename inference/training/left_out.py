"""How a run does on sources it never saw: the nearest thing to another hospital that the training data allow."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from inference.engine.bundle import LEFT_OUT, load_card, write_card
from inference.engine.calibrate import probabilities
from inference.training.assemble import run_network
from inference.training.dataset import Film, Manifest, load_inputs
from inference.training.evaluate import scores_of
from inference.training.metrics import with_intervals
from inference.training.train import load_run


def evaluate_left_out(run: Path, manifest: Manifest, *, images: Path, cache: Path, bundle: Path) -> dict[str, Any]:
    """Score a run trained with `--leave-out`, inside and outside its sources; write left_out.json into a bundle.

    The run is a sibling of the bundle's (same network and recipe, its own budget), not the bundle itself, which saw
    every source. images, cache: as in training. Returns what was written.
    Raises ValueError when the run left no source out.
    """
    config, state, model = load_run(run)
    if not config.left_out_sources:
        raise ValueError("Expected a run that left sources out; received one that saw all. Train with --leave-out.")
    inside = manifest.of_split("test", without_sources=config.left_out_sources)
    outside = [film for film in manifest.films if film.source in config.left_out_sources]
    found: dict[str, Any] = {
        "network": config.network,
        "left out": list(config.left_out_sources),
        "size": config.final_size,
        "minutes": round(state.seconds / 60, 1),
        "epochs": state.epoch,
    }
    for name, films in {"inside": inside, "outside": outside}.items():
        inputs, kept = load_inputs(films, images=images, size=config.final_size, cache=cache)
        found[name] = _figures(kept, run_network(model, np.asarray(inputs))[0], config.labels)
    (bundle / LEFT_OUT).write_text(json.dumps(found, indent=1) + "\n")
    write_card(load_card(bundle), bundle)
    return found


def _figures(films: list[Film], logits: "np.ndarray[Any, np.dtype[np.float32]]", labels: tuple[str, ...]) -> Any:
    rows = probabilities(logits, temperature=1.0)
    return with_intervals(scores_of(films, rows, labels), labels=labels, threshold=0.0, resamples=300)
