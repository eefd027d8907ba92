"""Calibrated probabilities, and the selective rule: when the model names a finding and when it cannot tell."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Targets = NDArray[np.int64]

_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class SelectiveRule:
    """Name a finding when its probability reaches its threshold; coverage and error as measured on validation films.

    threshold: of every label that has none of its own. label_thresholds: of those that need more, because films of
    sources that the network never saw are called by them too easily.
    """

    threshold: float
    coverage: float
    error: float
    label_thresholds: dict[str, float] = field(default_factory=dict)

    def threshold_of(self, label: str) -> float:
        """The probability from which `label` is named."""
        return self.label_thresholds.get(label, self.threshold)

    def accepts(self, label: str, probability: float) -> bool:
        """Whether the finding `label` of this calibrated probability may be named."""
        return probability >= self.threshold_of(label)


def probabilities(logits: NDArray[np.floating], *, temperature: float) -> Floats:
    """Calibrated probabilities of logits; use wherever a probability is shown or compared.

    logits: (..., labels). temperature: above 1 softens.
    Returns float64 of the same shape, each row summing to 1.
    Source: Guo et al., On calibration of modern neural networks, arXiv 1706.04599, section 4.2.
    """
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    grown = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    result: Floats = grown / grown.sum(axis=-1, keepdims=True)
    return result


def negative_log_likelihood(logits: NDArray[np.floating], targets: Targets, *, temperature: float) -> float:
    """Mean negative log-likelihood of (n,) targets under (n, labels) logits at a temperature."""
    chosen = probabilities(logits, temperature=temperature)[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def fit_temperature(logits: NDArray[np.floating], targets: Targets) -> float:
    """The temperature with the least negative log-likelihood; use on validation films, never on training films.

    logits: (n, labels); targets: (n,) label indices.
    Returns a temperature in 0.05..20, by golden-section search of its logarithm (the loss has one minimum).
    Source: Guo et al., arXiv 1706.04599, section 4.2.
    """
    low, high = np.log(0.05), np.log(20.0)
    for _ in range(60):
        span = _GOLDEN * (high - low)
        left, right = high - span, low + span
        left_loss = negative_log_likelihood(logits, targets, temperature=float(np.exp(left)))
        right_loss = negative_log_likelihood(logits, targets, temperature=float(np.exp(right)))
        low, high = (low, right) if left_loss < right_loss else (left, high)
    return float(np.exp((low + high) / 2))


def expected_calibration_error(probability: Floats, targets: Targets, *, bins: int = 15) -> float:
    """Expected calibration error of the most likely label, in equal-width bins.

    probability: (n, labels); targets: (n,) label indices. bins: 15, as the literature reports it.
    Returns the mean gap between confidence and accuracy, weighted by the films of each bin, 0..1.
    Source: Guo et al., arXiv 1706.04599, equation 3.
    """
    confidence = probability.max(axis=1)
    right = probability.argmax(axis=1) == targets
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    counts = np.bincount(which, minlength=bins)
    gaps = np.bincount(which, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps[counts > 0]).sum() / len(targets))


def choose_rule(probability: Floats, targets: Targets, *, most_error: float) -> SelectiveRule:
    """The selective rule that names a finding most often at an error of at most `most_error`.

    Use on validation films. probability: (n, labels) calibrated; targets: (n,) label indices.
    Raises ValueError when no threshold keeps the error that low.
    Source: El-Yaniv and Wiener, On the foundations of noise-free selective classification, JMLR 11 (2010).
    """
    confidence = probability.max(axis=1)
    wrong = probability.argmax(axis=1) != targets
    order = np.argsort(-confidence, kind="stable")
    errors = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    # Films of one confidence are accepted together, so only the last of equals can be the threshold.
    last_of_equals = np.append(np.diff(confidence[order]) < 0, True)
    allowed = np.flatnonzero((errors <= most_error) & last_of_equals)
    if not len(allowed):
        best = errors[last_of_equals].min()
        raise ValueError(
            f"Expected a threshold with an error of at most {most_error:.3f}; received {best:.3f} at best. "
            "Allow more error or train longer."
        )
    kept = int(allowed[-1])
    return SelectiveRule(
        threshold=float(confidence[order][kept]), coverage=(kept + 1) / len(order), error=float(errors[kept])
    )


def raise_for_unseen(
    rule: SelectiveRule,
    probability: Floats,
    targets: Targets,
    sources: NDArray[np.str_],
    *,
    labels: Sequence[str],
    most_false: float,
) -> SelectiveRule:
    """The rule with thresholds of their own for labels that films of unseen sources are called by falsely.

    Use on films of sources that were left out of training. probability: (n, labels) calibrated; targets: (n,) label
    indices; sources: (n,). most_false: share, as the mean over sources, of the films of other labels that may be named
    by a label. No threshold falls below the rule's own.
    """
    said, confidence = probability.argmax(axis=1), probability.max(axis=1)
    raised = {}
    for index, label in enumerate(labels):
        other = targets != index
        weight = _equal_by_source(sources[other])
        falsely = (said == index)[other]
        order = np.argsort(-confidence[other][falsely], kind="stable")
        share = np.cumsum(weight[falsely][order])
        beyond = np.flatnonzero(share > most_false)
        if len(beyond):
            needed = float(np.nextafter(confidence[other][falsely][order][beyond[0]], 2.0))
            if needed > rule.threshold:
                raised[label] = needed
    return replace(rule, label_thresholds=raised)


def _equal_by_source(sources: NDArray[np.str_]) -> Floats:
    names, which, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weight: Floats = 1.0 / (len(names) * counts[which])
    return weight
