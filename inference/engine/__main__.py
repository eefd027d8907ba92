"""The engine's commands, without Django: python -m inference.engine predict|compile."""

import argparse
import json
import resource
import sys
from pathlib import Path
from typing import Any

from inference.engine.bundle import DEFAULT_BUNDLE
from inference.engine.errors import EngineError
from inference.engine.predict import NOT_ANALYSED, Predictor


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the process's exit status: 0, or 1 for a bundle that cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m inference.engine", description="Chest X-ray model. Research use, not a medical device."
    )
    commands = parser.add_subparsers(required=True)
    predict = commands.add_parser("predict", help="one JSON object a line for each file")
    predict.add_argument("files", nargs="+", type=Path, metavar="FILE")
    predict.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    predict.set_defaults(run_command=_predict)
    compile_ = commands.add_parser("compile", help="make a bundle's serving graph and check it against Keras")
    compile_.add_argument("bundle", type=Path)
    compile_.add_argument("--graph-dir", type=Path)
    compile_.set_defaults(run_command=_compile)
    chosen = parser.parse_args(arguments)
    try:
        chosen.run_command(chosen)
    except EngineError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _predict(chosen: argparse.Namespace) -> None:
    predictor = Predictor.load(chosen.bundle)
    for path in chosen.files:
        print(json.dumps(_line(predictor, path)), flush=True)


def _line(predictor: Predictor, path: Path) -> dict[str, Any]:
    from inference.engine.read import read_picture

    try:
        picture = read_picture(path)
        found = predictor.predict(picture, view=picture.facts.dicom.view if picture.facts.dicom else "")
        said = (found.outcome, found.label, found.probabilities, found.reason, found.explanation)
    except EngineError as error:
        said = (NOT_ANALYSED, None, {}, error.code, str(error))
    except OSError as error:
        said = (NOT_ANALYSED, None, {}, "unreadable_file", str(error))
    names = ("outcome", "label", "probabilities", "reason", "explanation")
    return {"file": str(path), **dict(zip(names, said, strict=True)), "weights_sha256": predictor.weights_sha256}


def _compile(chosen: argparse.Namespace) -> None:
    from inference.engine.bundle import load_card
    from inference.engine.serve import compile_graph, default_graph_dir

    # A worker that finds no graph starts this as its child; the worker's own memory limit is too small for TensorFlow.
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    card = load_card(chosen.bundle)
    folder = chosen.graph_dir or default_graph_dir(card.weights_sha256)
    difference = compile_graph(chosen.bundle, folder)
    print(json.dumps({"graph_dir": str(folder), "largest_difference": difference}))


if __name__ == "__main__":
    sys.exit(main())
