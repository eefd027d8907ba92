"""The figures an evaluation reports, each with n and a 95 % interval bootstrapped by patient group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.engine.calibrate import expected_calibration_error

RESAMPLES = 1000


@dataclass(frozen=True)
class Scores:
    """Calibrated probabilities (n, labels), targets (n,) and patient groups (n,) of the films analysed."""

    probabilities: NDArray[np.float64]
    targets: NDArray[np.int64]
    groups: NDArray[np.str_]

    def at(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> "Scores":
        """The scores of some films, by index or mask."""
        return Scores(self.probabilities[chosen], self.targets[chosen], self.groups[chosen])


Figures = dict[str, float]


def figures(scores: Scores, *, labels: Sequence[str], threshold: float) -> Figures:
    """Every figure of one set of films; those that are undefined there (a class is missing) are left out.

    threshold: of the selective rule. Returns values in 0..1 by name.
    """
    said, targets = scores.probabilities.argmax(axis=1), scores.targets
    found = {"accuracy": float((said == targets).mean())}
    recalls, areas = [], []
    for index, label in enumerate(labels):
        positive, named = targets == index, said == index
        if positive.any():
            recalls.append(float(named[positive].mean()))
            found[f"sensitivity {label}"] = recalls[-1]
        if named.any() and positive.any():
            found[f"precision {label}"] = float(positive[named].mean())
        if positive.any() and not positive.all():
            areas.append(auroc(scores.probabilities[:, index], positive))
            found[f"auroc {label}"] = areas[-1]
    found["balanced accuracy"] = float(np.mean(recalls))
    if len(areas) == len(labels):
        found["macro auroc"] = float(np.mean(areas))
    found["calibration error"] = expected_calibration_error(scores.probabilities, targets)
    return found | _selective(scores, threshold) | _false_covid(scores, labels)


def _selective(scores: Scores, threshold: float) -> Figures:
    named = scores.probabilities.max(axis=1) >= threshold
    found = {"coverage": float(named.mean())}
    if named.any():
        said = scores.probabilities.argmax(axis=1)
        found["selective error"] = float((said != scores.targets)[named].mean())
    return found


def _false_covid(scores: Scores, labels: Sequence[str]) -> Figures:
    if "covid19" not in labels or "normal" not in labels:
        return {}
    normal = scores.targets == labels.index("normal")
    said = scores.probabilities.argmax(axis=1) == labels.index("covid19")
    return {"normals called covid19": float(said[normal].mean())} if normal.any() else {}


def auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic, ties counting half; needs films of both kinds.

    Source: Hanley and McNeil, Radiology 143 (1982), 29-36.
    """
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = int(positive.sum())
    negatives = len(positive) - positives
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def with_intervals(
    scores: Scores, *, labels: Sequence[str], threshold: float, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, object]:
    """Figures with n, films per label, number of groups, and 95 % percentile intervals over resampled groups.

    Source: Efron and Tibshirani, An introduction to the bootstrap (1993), chapter 13; groups, not films, are drawn,
    because films of one patient are alike.
    """

    def compute(some: Scores) -> Figures:
        return figures(some, labels=labels, threshold=threshold)

    spread = _bootstrap(scores, compute, resamples=resamples, seed=seed)
    return {
        "n": len(scores.targets),
        "groups": len(set(scores.groups.tolist())),
        "per label": {label: int((scores.targets == index).sum()) for index, label in enumerate(labels)},
        "figures": {
            name: {"value": value, "low": spread[name][0], "high": spread[name][1]}
            for name, value in compute(scores).items()
        },
    }


def _bootstrap(
    scores: Scores, compute: Callable[[Scores], Figures], *, resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    generator = np.random.default_rng(seed)
    _, group = np.unique(scores.groups, return_inverse=True)
    order = np.argsort(group, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(group))[:-1])
    drawn: dict[str, list[float]] = {}
    for _ in range(resamples):
        chosen = np.concatenate([members[index] for index in generator.integers(0, len(members), len(members))])
        for name, value in compute(scores.at(chosen)).items():
            drawn.setdefault(name, []).append(value)
    return {name: _percentiles(values) for name, values in drawn.items()}


def _percentiles(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
