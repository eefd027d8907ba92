"""Where a bundle is wrong, in words: no picture, no file name, nothing that names a person."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from inference.training.dataset import Film
from inference.training.metrics import Scores

# Of each kind of mistake, the surest ones: what a reader is most likely to believe.
_PER_KIND = 3


def failures(films: Sequence[Film], scores: Scores, labels: Sequence[str]) -> dict[str, Any]:
    """The mistakes of a split: how many of each kind from each source, and examples of the surest ones.

    films, scores: in the same order. Returns `kinds` (true label, said label, source, n, of how many films of that
    label and source) and `examples` (source, view, age group, true and said label, probability, whether it was named).
    """
    wrong = np.flatnonzero(scores.wrong)
    examples = []
    for true, said in sorted({(int(scores.targets[index]), int(scores.said[index])) for index in wrong}):
        kind = wrong[(scores.targets[wrong] == true) & (scores.said[wrong] == said)]
        surest = kind[np.argsort(-scores.confidence[kind], kind="stable")][:_PER_KIND]
        examples += [_example(films[index], scores, int(index), labels) for index in surest]
    return {"wrong": len(wrong), "kinds": _kinds(films, scores, labels), "examples": examples}


def _example(film: Film, scores: Scores, index: int, labels: Sequence[str]) -> dict[str, Any]:
    return {
        "true": film.label,
        "said": labels[scores.said[index]],
        "probability": round(float(scores.confidence[index]), 3),
        "named": bool(scores.named[index]) if scores.named is not None else True,
        "source": film.source,
        "view": film.view or "unknown",
        "age group": film.age_group or "unknown",
    }


def _kinds(films: Sequence[Film], scores: Scores, labels: Sequence[str]) -> list[dict[str, Any]]:
    counts: dict[tuple[str, str, str], int] = {}
    totals: dict[tuple[str, str], int] = {}
    for film, said in zip(films, scores.said, strict=True):
        totals[film.label, film.source] = totals.get((film.label, film.source), 0) + 1
        if labels[said] != film.label:
            kind = (film.label, labels[said], film.source)
            counts[kind] = counts.get(kind, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"true": true, "said": said, "source": source, "n": count, "of": totals[true, source]}
        for (true, said, source), count in ordered
    ]
