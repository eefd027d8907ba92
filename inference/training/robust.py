"""Draws the groups that validation goes worst for more often, so that no source is traded for the average."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.engine.calibrate import probabilities
from inference.training.dataset import Film

Floats = NDArray[np.float64]


def group_of(film: Film) -> str:
    """The name of a film's group: its label and source."""
    return f"{film.label} from {film.source}"


def group_shares(films: Sequence[Film], weights: Floats) -> dict[str, float]:
    """Share of each group in a draw by (n,) weights; where a robust run begins."""
    shares: dict[str, float] = {}
    for film, weight in zip(films, weights, strict=True):
        shares[group_of(film)] = shares.get(group_of(film), 0.0) + float(weight)
    return shares


def with_shares(films: Sequence[Film], weights: Floats, shares: Mapping[str, float]) -> Floats:
    """The (n,) weights changed so that each group has its share of the draw; within a group they keep their ratio."""
    present = group_shares(films, weights)
    changed = np.array(
        [weight * shares[group_of(film)] / present[group_of(film)] for film, weight in zip(films, weights, strict=True)]
    )
    total: float = changed.sum()
    return changed / total


def group_losses(films: Sequence[Film], logits: NDArray[np.floating], targets: NDArray[np.int64]) -> dict[str, float]:
    """Mean negative log-likelihood of each group's films; logits (n, labels), targets (n,) label indices."""
    chosen = probabilities(logits, temperature=1.0)[np.arange(len(targets)), targets]
    losses = -np.log(np.maximum(chosen, 1e-12))
    names = np.array([group_of(film) for film in films])
    return {str(name): float(losses[names == name].mean()) for name in np.unique(names)}


def raise_worst(shares: Mapping[str, float], losses: Mapping[str, float], *, rate: float) -> dict[str, float]:
    """The groups' shares after a validation: each times exp(rate * loss), summing to 1 again.

    A group without validation films counts as one of the mean loss. rate: 0 changes nothing.
    Source: Sagawa et al., Distributionally robust neural networks for group shifts, arXiv 1911.08731, algorithm 1, with
    the group's weight in the draw instead of in the loss.
    """
    usual = float(np.mean(list(losses.values())))
    exponents = np.array([rate * losses.get(name, usual) for name in shares])
    # Less the largest, so that no loss is too large for exp.
    raised = np.array(list(shares.values())) * np.exp(exponents - exponents.max())
    return dict(zip(shares, (raised / raised.sum()).tolist(), strict=True))
