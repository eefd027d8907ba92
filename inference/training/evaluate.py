"""Evaluates a bundle through the product's own path: file, reader, gate, serving graph, calibration, selective rule."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine.bundle import EVALUATION, Card, load_card, write_card
from inference.engine.precision import F32
from inference.engine.predict import FINDING, NOT_ANALYSED, Prediction, Predictor
from inference.engine.read import read_picture
from inference.engine.serve import PARITY, ensure_graph
from inference.training import curves, failures, lung_finder, maps, painted, plots, refusals, rule_outside, shortcuts
from inference.training.dataset import Film, Manifest
from inference.training.metrics import Scores, covid_label, one_against_rest, with_intervals

# A set with fewer films says nothing worth a line.
FEWEST = 10
# Ages in years, from the first and below the second; where a source states one.
_AGE_BANDS = ((0, 18), (18, 40), (40, 60), (60, 80), (80, 120))


@dataclass(frozen=True)
class Scored:
    """The films of a split that were analysed, what was said of each, their scores; and who was refused why."""

    films: list[Film]
    predictions: list[Prediction]
    scores: Scores
    refused: list[tuple[Film, str]]


def evaluate(bundle: Path, manifest: Manifest, *, images: Path, data: Path | None = None, split: str = "test") -> Card:
    """Score a split with a bundle; write evaluation.json and the plots into the bundle, its main figures into the card.

    images: folder of the films. data: folder with masks/ and ood/, for the shortcut, map and gate figures.
    split: which side of the manifest's split, default the test films.
    Returns the card as written. Raises BadBundle for a bundle that is not whole, ValueError when every film is refused.
    """
    predictor = Predictor.load(bundle, precision=F32)
    card = load_card(bundle)
    films = manifest.of_split(split)
    print(f"{card.name}: {len(films)} {split} films through the product's own path", flush=True)
    scored = score(predictor, films, images=images)
    print("figures and their intervals", flush=True)
    found = facts(bundle, card, manifest, split=split) | split_figures(scored, card.labels)
    print("the source from the embedding, and spoiled films", flush=True)
    found["source guessed from the embedding"] = shortcuts.source_figures(
        predictor, fitted_on=manifest.of_split("validation"), films=scored.films, images=images
    )
    found["spoiled films"] = refusals.spoiled_films(predictor, scored.films, images=images)
    found["rule on unseen sources"] = rule_outside.rule_outside(bundle, card)
    if data is not None:
        print("masks, maps and odd pictures", flush=True)
        found |= data_figures(predictor, manifest, scored, images=images, data=data)
    return _write(bundle, card, found)


def data_figures(
    predictor: Predictor, manifest: Manifest, scored: Scored, *, images: Path, data: Path
) -> dict[str, Any]:
    """What masks and odd pictures tell: lung finder, painted films, maps, and the gate on what is no chest X-ray."""
    masks = data / "masks"
    known = dict(zip(scored.films, scored.predictions, strict=True))
    return {
        "lung finder": lung_finder.finder_figures(predictor, scored.films, images=images, masks=masks),
        "painted": painted.painted_figures(predictor, scored.films, images=images, masks=masks),
        "maps": maps.map_figures(predictor, manifest, known, images=images, masks=masks),
        "not chest X-rays": refusals.odd_pictures(predictor, data / "ood"),
    }


def _write(bundle: Path, card: Card, found: dict[str, Any]) -> Card:
    # All is made beside the bundle first: a run that is stopped leaves it as it was, and not with files that its card
    # does not know.
    with tempfile.TemporaryDirectory(dir=bundle.parent) as folder:
        made = Path(folder)
        found["plots"] = plots.draw(made, found, card)
        (made / EVALUATION).write_text(json.dumps(found, indent=1) + "\n")
        for old in bundle.glob(plots.PATTERN):
            old.unlink()
        for path in made.iterdir():
            path.replace(bundle / path.name)
    chosen = {name: found["subsets"][name] for name in ("all", "adults") if name in found["subsets"]}
    return write_card(replace(card, metrics={"split": found["split"], **chosen}), bundle)


def score(predictor: Predictor, films: Sequence[Film], *, images: Path) -> Scored:
    """Predict every film as the product would, each with its view as the manifest states it.

    Raises ValueError when no film is analysed: there is nothing to report then.
    """
    kept, predictions, refused = list[Film](), list[Prediction](), list[tuple[Film, str]]()
    for film in films:
        found = predictor.predict(read_picture(images / film.file), view=film.view)
        if found.outcome == NOT_ANALYSED:
            refused.append((film, str(found.reason)))
        else:
            kept.append(film)
            predictions.append(found)
    if not kept:
        raise ValueError(
            f"Expected films that the bundle analyses; received {len(films)}, and the gate refused every one. "
            "Name the images' folder, or look at the bundle's gate."
        )
    return Scored(kept, predictions, scores_of(kept, predictions, predictor.labels), refused)


def scores_of(films: Sequence[Film], predictions: Sequence[Prediction], labels: Sequence[str]) -> Scores:
    """Scores of films from what was predicted."""
    return Scores(
        np.array([[found.probabilities[label] for label in labels] for found in predictions]),
        np.array([labels.index(film.label) for film in films], dtype=np.int64),
        np.array([film.group for film in films]),
        np.array([found.outcome == FINDING for found in predictions]),
    )


def facts(bundle: Path, card: Card, manifest: Manifest, *, split: str) -> dict[str, Any]:
    """What was evaluated, on what: enough to set the figures beside another network's without its bundle."""
    parity = json.loads((ensure_graph(bundle) / PARITY).read_text())
    return {
        "bundle": card.name,
        "weights_sha256": card.weights_sha256,
        "architecture": card.architecture,
        "labels": list(card.labels),
        "input_size": card.input_size,
        "preprocess_version": card.preprocess_version,
        "minutes": round(card.training.get("seconds", 0) / 60, 1),
        "epochs": card.training.get("epochs_done", 0),
        "initial_weights": card.training.get("initial_weights", "none"),
        "manifest_sha256": manifest.sha256,
        "is_manifest_of_training": manifest.sha256 == card.manifest_sha256,
        "split": split,
        "data": data_counts(manifest),
        "parity": {name: parity[name] for name in ("largest_difference", "tolerance", "inputs", "openvino")},
    }


def data_counts(manifest: Manifest) -> list[dict[str, Any]]:
    """Films, patient groups and children by source and label, and how many of the films each side of the split has."""
    rows = []
    for source, label in sorted({(film.source, film.label) for film in manifest.films}):
        films = [film for film in manifest.films if (film.source, film.label) == (source, label)]
        rows.append(
            {
                "source": source,
                "label": label,
                "films": len(films),
                "groups": len({film.group for film in films}),
                "paediatric": sum(film.age_group == "paediatric" for film in films),
                "splits": dict(Counter(film.split for film in films)),
            }
        )
    return rows


def split_figures(scored: Scored, labels: Sequence[str]) -> dict[str, Any]:
    """Everything that follows from the predictions of the split alone."""
    found = {
        "refused by the gate": refusals.of_films(scored.films, scored.refused),
        "confusion": confusion(scored.scores, len(labels)),
        "subsets": subsets(scored, labels),
        "curves": curves.points(scored.scores, labels),
        "failures": failures.failures(scored.films, scored.scores, labels),
    }
    covid = covid_label(labels)
    if covid is not None and len(labels) > 2:
        two = with_intervals(one_against_rest(scored.scores, labels.index(covid)), labels=(covid, "other"))
        found["two classes"] = {"labels": [covid, "other"]} | two
    return found


def confusion(scores: Scores, label_count: int) -> list[list[int]]:
    """Counts by true label (rows) and most likely label (columns)."""
    table = np.zeros((label_count, label_count), dtype=np.int64)
    np.add.at(table, (scores.targets, scores.said), 1)
    counts: list[list[int]] = table.tolist()
    return counts


def subsets(scored: Scored, labels: Sequence[str]) -> dict[str, Any]:
    """Figures of all films, of adults, per source, sex, view and age, wherever there are ten films or more."""
    found = {}
    for name, belongs in _subsets(scored.films):
        mask: NDArray[np.bool_] = np.array([belongs(film) for film in scored.films])
        if mask.sum() >= FEWEST:
            found[name] = with_intervals(scored.scores.at(mask), labels=labels)
    return found


def _subsets(films: Sequence[Film]) -> Iterator[tuple[str, Callable[[Film], bool]]]:
    yield "all", lambda film: True
    yield "adults", lambda film: film.age_group != "paediatric"
    for column in ("source", "sex", "view", "age_group"):
        for value in sorted({getattr(film, column) for film in films} - {""}):
            yield f"{column}: {value}", partial(_has, column=column, value=value)
    for low, high in _AGE_BANDS:
        yield f"age in years: {low} to {high - 1}", partial(_is_aged, low=low, high=high)


def _has(film: Film, *, column: str, value: str) -> bool:
    found: str = getattr(film, column)
    return found == value


def _is_aged(film: Film, *, low: int, high: int) -> bool:
    return film.age.isdecimal() and low <= int(film.age) < high
