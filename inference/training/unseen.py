"""Raises a bundle's selective rule by what its siblings said of sources they never saw."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from inference.engine.bundle import Card, load_card, write_card
from inference.engine.calibrate import probabilities, raise_for_unseen
from inference.training.left_out import LOGITS_OUTSIDE


def raise_rule(bundle: Path, *, most_false: float) -> Card:
    """Give labels thresholds of their own, so that unseen sources are seldom called by them falsely; after `left-out`.

    The siblings' logits outside (left_out.npz in the bundle) stand for another hospital's; they are calibrated with the
    bundle's temperature. most_false: see `calibrate.raise_for_unseen`. Returns the card as written.
    Raises ValueError when no siblings were scored.
    """
    card = load_card(bundle)
    if not (bundle / LOGITS_OUTSIDE).exists():
        raise ValueError(
            f"Expected {LOGITS_OUTSIDE} in {bundle}; received a bundle whose siblings were not scored. Run left-out first."
        )
    with np.load(bundle / LOGITS_OUTSIDE, allow_pickle=False) as outside:
        probability = probabilities(outside["logits"], temperature=card.temperature)
        rule = raise_for_unseen(
            card.selective_rule,
            probability,
            outside["targets"],
            outside["sources"],
            labels=card.labels,
            most_false=most_false,
        )
    return write_card(replace(card, selective_rule=rule), bundle)
