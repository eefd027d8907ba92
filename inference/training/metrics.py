"""The figures an evaluation reports, each with n and a 95 % interval bootstrapped by patient group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine.calibrate import expected_calibration_error
from inference.training.selective import coverage_at_error, error_at_coverage

RESAMPLES = 1000
# The operating points that are reported whatever rule a bundle chose: the share of films answered, the error allowed.
COVERAGE, ERROR = 0.90, 0.015
_DECIMALS = 6

Figures = dict[str, float]
Chosen = NDArray[np.int64] | NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """Calibrated probabilities (n, labels), targets (n,) and patient groups (n,) of films.

    named (n,): whether the product named a finding or said that it cannot tell; None where that was not asked.
    """

    probabilities: NDArray[np.float64]
    targets: NDArray[np.int64]
    groups: NDArray[np.str_]
    named: NDArray[np.bool_] | None = None

    def at(self, chosen: Chosen) -> "Scores":
        """The scores of some films, by index or mask."""
        named = None if self.named is None else self.named[chosen]
        return Scores(self.probabilities[chosen], self.targets[chosen], self.groups[chosen], named)

    @property
    def said(self) -> NDArray[np.int64]:
        """Index of the most likely label, (n,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Probability of the most likely label, (n,)."""
        return self.probabilities.max(axis=1)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether the most likely label is another than the true one, (n,)."""
        return self.said != self.targets


def covid_label(labels: Sequence[str]) -> str | None:
    """The label that stands for COVID-19 in any label set, or None; "non_covid19" and the like do not."""
    return next((label for label in labels if "covid" in label and not label.startswith("non")), None)


def one_against_rest(scores: Scores, index: int) -> Scores:
    """The scores of the same films with two labels: the one at `index`, and any other."""
    own = scores.probabilities[:, index]
    return replace(
        scores,
        probabilities=np.stack([own, 1.0 - own], axis=1),
        targets=np.where(scores.targets == index, 0, 1).astype(np.int64),
        named=None,
    )


def figures(scores: Scores, *, labels: Sequence[str]) -> Figures:
    """Every figure of one set of films; those that are undefined there (a class is missing) are left out.

    Returns values in 0..1 by name.
    """
    found = {"accuracy": float((~scores.wrong).mean())}
    for index, label in enumerate(labels):
        found |= _of_label(scores, index, label)
    recalls = [value for name, value in found.items() if name.startswith("sensitivity ")]
    found["balanced accuracy"] = float(np.mean(recalls))
    for name in ("auroc", "f1"):
        values = [found[f"{name} {label}"] for label in labels if f"{name} {label}" in found]
        if len(values) == len(labels):
            found[f"macro {name}"] = float(np.mean(values))
    found["calibration error"] = expected_calibration_error(scores.probabilities, scores.targets)
    found[f"error at coverage {COVERAGE:.2f}"] = error_at_coverage(scores.confidence, scores.wrong, coverage=COVERAGE)
    found[f"coverage at error {ERROR}"] = coverage_at_error(scores.confidence, scores.wrong, most_error=ERROR)
    return found | _selective(scores, labels) | _false_covid(scores, labels)


def _of_label(scores: Scores, index: int, label: str) -> Figures:
    positive, said = scores.targets == index, scores.said == index
    if not positive.any():
        return {}
    right = float((positive & said).sum())
    found = {f"sensitivity {label}": right / positive.sum(), f"f1 {label}": 2 * right / (positive.sum() + said.sum())}
    if said.any():
        found[f"precision {label}"] = right / said.sum()
    if not positive.all():
        found[f"auroc {label}"] = auroc(scores.probabilities[:, index], positive)
        found[f"average precision {label}"] = average_precision(scores.probabilities[:, index], positive)
    return {name: float(value) for name, value in found.items()}


def _selective(scores: Scores, labels: Sequence[str]) -> Figures:
    """What the bundle's own selective rule did: over all films, per true label, and per label it named."""
    if scores.named is None:
        return {}
    named, wrong = scores.named, scores.wrong
    found = {"coverage": float(named.mean())}
    if named.any():
        found["selective error"] = float(wrong[named].mean())
    for index, label in enumerate(labels):
        true, said = scores.targets == index, (scores.said == index) & named
        if true.any():
            found[f"coverage {label}"] = float(named[true].mean())
        if (true & named).any():
            found[f"selective error {label}"] = float(wrong[true & named].mean())
        if said.any():
            found[f"error where {label} is named"] = float(wrong[said].mean())
    return found


def _false_covid(scores: Scores, labels: Sequence[str]) -> Figures:
    covid = covid_label(labels)
    if covid is None or "normal" not in labels:
        return {}
    normal = scores.targets == labels.index("normal")
    said = scores.said == labels.index(covid)
    if not normal.any():
        return {}
    found = {f"normals called {covid}": float(said[normal].mean())}
    # Called is the most likely label; named is what the product shows as its finding.
    return (
        found
        if scores.named is None
        else found | {f"normals named {covid}": float((said & scores.named)[normal].mean())}
    )


def auroc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic, ties counting half; needs films of both kinds.

    Source: Hanley and McNeil, Radiology 143 (1982), 29-36.
    """
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = int(positive.sum())
    negatives = len(positive) - positives
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the precision-recall curve as a sum of steps; needs a positive film.

    Source: Davis and Goadrich, ICML 2006, section 4: a straight line between its points would be too kind.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    # Films of one score are retrieved together, so only the last of equals is a point of the curve.
    last = np.flatnonzero(np.append(np.diff(scores[order]) < 0, True))
    precision, recall = hits[last] / (last + 1), hits[last] / hits[-1]
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def with_intervals(
    scores: Scores, *, labels: Sequence[str], resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Any]:
    """Figures with n, films per label, number of groups, and 95 % intervals over resampled groups."""
    found = bootstrap(
        scores.groups, lambda chosen: figures(scores.at(chosen), labels=labels), resamples=resamples, seed=seed
    )
    return {
        "n": len(scores.targets),
        "groups": len(set(scores.groups.tolist())),
        "per label": {label: int((scores.targets == index).sum()) for index, label in enumerate(labels)},
        "figures": found,
    }


def bootstrap(
    groups: NDArray[np.str_],
    compute: Callable[[NDArray[np.int64]], Figures],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, dict[str, float]]:
    """Each figure's value, and the ends of its 95 % percentile interval over resampled groups.

    groups: (n,), the patient group of each film. compute: figures of the films at given indices.
    Source: Efron and Tibshirani, An introduction to the bootstrap (1993), chapter 13; groups, not films, are drawn,
    because films of one patient are alike.
    """
    generator = np.random.default_rng(seed)
    _, group = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    drawn: dict[str, list[float]] = {}
    for _ in range(resamples):
        chosen = np.concatenate([members[index] for index in generator.integers(0, len(members), len(members))])
        for name, value in compute(chosen).items():
            drawn.setdefault(name, []).append(value)
    found = {}
    for name, value in compute(np.arange(len(groups))).items():
        # A figure that no resample has (one film of a label, say) is known to no precision at all.
        low, high = np.percentile(drawn.get(name, [0.0, 1.0]), (2.5, 97.5))
        ends = {"value": value, "low": low, "high": high}
        found[name] = {end: round(float(one), _DECIMALS) for end, one in ends.items()}
    return found


def wilson(count: int, total: int) -> tuple[float, float]:
    """The ends of the 95 % interval of a share, for pictures that have no patient groups.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    z, share = 1.959964, count / total
    middle = share + z**2 / (2 * total)
    reach = z * float(np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)))
    scale = 1 + z**2 / total
    return max((middle - reach) / scale, 0.0), min((middle + reach) / scale, 1.0)
