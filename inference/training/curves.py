"""The points of the curves that the model card draws: ROC, precision-recall, reliability, risk-coverage."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.training.metrics import Scores
from inference.training.selective import risk_coverage

# As many points as a picture shows; a curve has one per film.
_MOST_POINTS = 200
BINS = 15

Floats = NDArray[np.float64]


def points(scores: Scores, labels: Sequence[str]) -> dict[str, Any]:
    """Every curve of a set of films: per label where films of it and of others are there, and over all labels.

    Returns lists of coordinates in 0..1, `reliability` with the films of each of 15 bins.
    """
    per_label = {}
    for index, label in enumerate(labels):
        positive = scores.targets == index
        if positive.any() and not positive.all():
            per_label[label] = _of_label(scores.probabilities[:, index], positive)
    coverage, error = risk_coverage(scores.confidence, scores.wrong)
    return {
        "roc": {label: found["roc"] for label, found in per_label.items()},
        "precision-recall": {label: found["precision-recall"] for label, found in per_label.items()},
        "reliability": reliability(scores),
        "risk-coverage": _thin({"coverage": coverage, "error": error}),
    }


def _of_label(probability: Floats, positive: NDArray[np.bool_]) -> dict[str, Any]:
    from sklearn.metrics import precision_recall_curve, roc_curve

    false_rate, true_rate, _ = roc_curve(positive, probability)
    precision, recall, _ = precision_recall_curve(positive, probability)
    return {
        "roc": _thin({"false positive rate": false_rate, "true positive rate": true_rate}),
        "precision-recall": _thin({"recall": recall[::-1], "precision": precision[::-1]}),
    }


def reliability(scores: Scores) -> list[dict[str, float]]:
    """Mean confidence and accuracy of the most likely label, by equal-width bins of its probability; no empty bins.

    Source: Guo et al., On calibration of modern neural networks, arXiv 1706.04599, section 2; the bins are those of the
    expected calibration error.
    """
    which = np.minimum((scores.confidence * BINS).astype(np.int64), BINS - 1)
    return [
        {
            "n": int((which == index).sum()),
            "confidence": round(float(scores.confidence[which == index].mean()), 4),
            "accuracy": round(float((~scores.wrong)[which == index].mean()), 4),
        }
        for index in np.unique(which)
    ]


def _thin(coordinates: dict[str, Floats]) -> dict[str, list[float]]:
    count = len(next(iter(coordinates.values())))
    chosen = np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).round().astype(np.int64))
    return {name: [round(float(value), 4) for value in values[chosen]] for name, values in coordinates.items()}
