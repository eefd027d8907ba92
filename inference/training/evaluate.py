"""Evaluates a bundle through the product's own path: file, reader, gate, serving graph, calibration."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.bundle import EVALUATION, Card, load_card, write_card
from inference.engine.calibrate import probabilities
from inference.engine.errors import UnreadableImage
from inference.engine.predict import NOT_ANALYSED, Predictor
from inference.engine.preprocess import to_input
from inference.engine.read import read_picture
from inference.engine.serve import Graph, ensure_graph
from inference.training.dataset import Film, Manifest, read_film
from inference.training.metrics import Scores, with_intervals

# A set with fewer films says nothing worth a line.
_FEWEST = 10


@dataclass(frozen=True)
class Scored:
    """The films of a split that were analysed, with their scores, and the reasons of those that were refused."""

    films: list[Film]
    scores: Scores
    refused: dict[str, int]


def evaluate(bundle: Path, manifest: Manifest, *, images: Path, data: Path | None = None, split: str = "test") -> Card:
    """Score a split with a bundle; write evaluation.json into the bundle and its main figures into the card.

    images: folder of the films. data: folder with masks/lung and ood/, for the shortcut and gate figures.
    split: which side of the manifest's split, default the test films.
    Returns the card as written. Raises BadBundle for a bundle that is not whole.
    """
    predictor = Predictor.load(bundle)
    card = load_card(bundle)
    scored = score(predictor, manifest.of_split(split), images=images)
    found: dict[str, Any] = {
        "bundle": card.name,
        "weights_sha256": card.weights_sha256,
        "manifest_sha256": manifest.sha256,
        "split": split,
        "refused by the gate": {"n": len(scored.films) + sum(scored.refused.values()), "refused": scored.refused},
        "confusion": confusion(scored.scores, len(card.labels)),
        "subsets": subsets(scored, card),
    }
    if data is not None:
        found["masked"] = masked_figures(bundle, card, scored.films, images=images, masks=data / "masks" / "lung")
        found["not chest X-rays"] = refusals(predictor, data / "ood")
    (bundle / EVALUATION).write_text(json.dumps(found, indent=1) + "\n")
    chosen = {name: found["subsets"][name] for name in ("all", "adults") if name in found["subsets"]}
    return write_card(replace(card, metrics={"split": split, **chosen}), bundle)


def score(predictor: Predictor, films: Sequence[Film], *, images: Path) -> Scored:
    """Predict every film as the product would; films that the gate refuses are counted by reason."""
    kept, rows, refused = [], [], dict[str, int]()
    for film in films:
        found = predictor.predict(read_picture(images / film.file))
        if found.outcome == NOT_ANALYSED:
            refused[str(found.reason)] = refused.get(str(found.reason), 0) + 1
        else:
            kept.append(film)
            rows.append([found.probabilities[label] for label in predictor.labels])
    return Scored(kept, scores_of(kept, np.array(rows), predictor.labels), refused)


def scores_of(films: Sequence[Film], rows: NDArray[np.float64], labels: Sequence[str]) -> Scores:
    """Scores of films from their probabilities (n, labels)."""
    targets = np.array([labels.index(film.label) for film in films], dtype=np.int64)
    return Scores(rows, targets, np.array([film.group for film in films]))


def confusion(scores: Scores, label_count: int) -> list[list[int]]:
    """Counts by true label (rows) and most likely label (columns)."""
    table = np.zeros((label_count, label_count), dtype=np.int64)
    np.add.at(table, (scores.targets, scores.probabilities.argmax(axis=1)), 1)
    counts: list[list[int]] = table.tolist()
    return counts


def subsets(scored: Scored, card: Card) -> dict[str, Any]:
    """Figures of all films, of adults, and per source, sex and view, wherever there are ten films or more."""
    chosen: dict[str, Callable[[Film], bool]] = {"all": lambda _: True}
    chosen["adults"] = lambda film: film.age_group != "paediatric"
    for column in ("source", "sex", "view", "age_group"):
        for value in sorted({getattr(film, column) for film in scored.films} - {""}):
            chosen[f"{column}: {value}"] = lambda film, c=column, v=value: getattr(film, c) == v  # type: ignore[misc]
    found = {}
    for name, belongs in chosen.items():
        mask = np.array([belongs(film) for film in scored.films])
        if mask.sum() >= _FEWEST:
            found[name] = with_intervals(
                scored.scores.at(mask), labels=card.labels, threshold=card.selective_rule.threshold
            )
    return found


def masked_figures(bundle: Path, card: Card, films: Sequence[Film], *, images: Path, masks: Path) -> dict[str, Any]:
    """What the network still gets right when the lungs, or all but the lungs, are painted grey.

    Films with a lung mask only, without the gate. A network that reads lungs falls to chance without them; what is left
    is what it reads off borders, letters and style.
    """
    graph = Graph(ensure_graph(bundle))
    having = [film for film in films if (masks / film.file).with_suffix(".png").exists()]
    found: dict[str, Any] = {}
    for name in ("as they are", "lungs painted over", "only the lungs left"):
        rows = []
        for film in having:
            pixels = _paint(read_film(images / film.file), _lungs((masks / film.file).with_suffix(".png")), name)
            logits, _ = graph.run(to_input(pixels, size=card.input_size)[np.newaxis])
            rows.append(probabilities(logits[0], temperature=card.temperature))
        found[name] = with_intervals(
            scores_of(having, np.array(rows), card.labels), labels=card.labels, threshold=card.selective_rule.threshold
        )
    return found


def _lungs(path: Path) -> NDArray[np.bool_]:
    with Image.open(path) as image:
        return np.asarray(image.convert("L")) > 127


def _paint(pixels: NDArray[np.float32], lungs: NDArray[np.bool_], how: str) -> NDArray[np.float32]:
    if how == "as they are":
        return pixels
    height, width = pixels.shape
    resized = np.asarray(Image.fromarray(lungs).resize((width, height))).astype(bool)
    covered = resized if how == "lungs painted over" else ~resized
    return np.where(covered, pixels.mean(), pixels).astype(np.float32)


def refusals(predictor: Predictor, folder: Path) -> dict[str, dict[str, int]]:
    """How many pictures of each kind in a folder's index.csv (`file`, `kind`) get no answer, by reader or gate."""
    found: dict[str, dict[str, int]] = {}
    with (folder / "index.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            counts = found.setdefault(row["kind"], {"n": 0, "refused": 0, "inconclusive": 0})
            outcome = _outcome(predictor, folder / row["file"])
            counts["n"] += 1
            counts["refused"] += outcome == NOT_ANALYSED
            counts["inconclusive"] += outcome == "inconclusive"
    return found


def _outcome(predictor: Predictor, path: Path) -> str:
    try:
        return predictor.predict(read_picture(path)).outcome
    except UnreadableImage:
        return NOT_ANALYSED
