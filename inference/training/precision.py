"""Measures what a bundle answers in bfloat16 beside float32: the same films, through the product's own path."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inference.engine.bundle import load_card, write_card
from inference.engine.precision import BF16, F32, MEASURED
from inference.engine.predict import NOT_ANALYSED, Prediction, Predictor
from inference.engine.read import read_picture
from inference.training.dataset import Film, Manifest
from inference.training.evaluate import scores_of
from inference.training.metrics import with_intervals


def measure_precision(bundle: Path, manifest: Manifest, *, images: Path, split: str = "test") -> dict[str, Any]:
    """Predict a split in float32 and in bfloat16, and write precision.json into the bundle; serving in bf16 needs it.

    images: folder of the films. split: which side of the manifest's split, default the test films.
    Returns what was written. Raises BadPrecision where the processor has no bfloat16, BadBundle for a bundle that is
    not whole, ValueError when no film is answered.
    """
    card = load_card(bundle)
    predictors = {precision: Predictor.load(bundle, precision=precision) for precision in (F32, BF16)}
    films = manifest.of_split(split)
    answers: dict[str, list[Prediction]] = {precision: [] for precision in predictors}
    for film in films:
        picture = read_picture(images / film.file)
        for precision, predictor in predictors.items():
            answers[precision].append(predictor.predict(picture, view=film.view))
    found = {
        "precision": BF16,
        "weights_sha256": card.weights_sha256,
        "manifest_sha256": manifest.sha256,
        "split": split,
        **compare(films, answers[F32], answers[BF16], labels=card.labels),
    }
    (bundle / MEASURED).write_text(json.dumps(found, indent=1) + "\n")
    write_card(card, bundle)
    return found


def compare(
    films: Sequence[Film], exact: Sequence[Prediction], quick: Sequence[Prediction], *, labels: Sequence[str]
) -> dict[str, Any]:
    """How two precisions' answers to the same films agree, and the figures of each; use on what both predicted.

    exact: in float32. quick: in bfloat16. labels: the bundle's, in order.
    Returns counts of films by outcome, the largest and mean difference of a probability, and, over the films that both
    answered, the figures of each with 95 % intervals. Raises ValueError when there is no such film.
    """
    both = [
        index for index, pair in enumerate(zip(exact, quick, strict=True))
        if all(found.outcome != NOT_ANALYSED for found in pair)
    ]  # fmt: skip
    if not both:
        raise ValueError(
            f"Expected films that the bundle answers in both precisions; received {len(films)}, none of them answered. "
            "Name the images' folder and split, or look at the bundle's gate."
        )
    scores = {
        precision: scores_of([films[index] for index in both], [found[index] for index in both], labels)
        for precision, found in {F32: exact, BF16: quick}.items()
    }
    gaps = np.abs(scores[F32].probabilities - scores[BF16].probabilities)
    pairs = Counter((_said(one), _said(other)) for one, other in zip(exact, quick, strict=True))
    return {
        "device": exact[both[0]].lineage["device"],
        "films": len(films),
        "same outcome": sum(count for (one, other), count in pairs.items() if one == other),
        "other outcome": {f"{one} -> {other}": count for (one, other), count in pairs.items() if one != other},
        "answered in both": len(both),
        "largest difference": float(gaps.max()),
        "mean difference": float(gaps.mean()),
        **{precision: with_intervals(found, labels=labels) for precision, found in scores.items()},
    }


def _said(found: Prediction) -> str:
    return f"{found.outcome} {found.label or found.reason}"
