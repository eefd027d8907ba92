"""How many films a network may answer at which error: the risk-coverage curve."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def risk_coverage(confidence: Floats, wrong: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Coverage and error (k,) of every possible threshold, from the strictest to none.

    confidence: (n,) probability of the most likely label. wrong: (n,). Films of one confidence are answered together.
    Source: El-Yaniv and Wiener, On the foundations of noise-free selective classification, JMLR 11 (2010).
    """
    order = np.argsort(-confidence, kind="stable")
    last_of_equals = np.flatnonzero(np.append(np.diff(confidence[order]) < 0, True))
    answered = last_of_equals + 1
    return answered / len(confidence), np.cumsum(wrong[order])[last_of_equals] / answered


def error_at_coverage(confidence: Floats, wrong: NDArray[np.bool_], *, coverage: float) -> float:
    """Share of wrong answers when at least `coverage` (0..1) of the films, the surest ones, are answered."""
    covered, error = risk_coverage(confidence, wrong)
    return float(error[np.searchsorted(covered, coverage - 1e-9)])


def coverage_at_error(confidence: Floats, wrong: NDArray[np.bool_], *, most_error: float) -> float:
    """Largest share of the films that can be answered with at most `most_error` (0..1) wrong among them; 0 if none."""
    covered, error = risk_coverage(confidence, wrong)
    allowed = covered[error <= most_error]
    return float(allowed[-1]) if len(allowed) else 0.0
