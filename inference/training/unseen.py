"""Raises a bundle's selective rule by what its siblings said of sources they never saw."""

from dataclasses import replace
from pathlib import Path

from inference.engine.bundle import EVALUATION, LOGITS_OUTSIDE, Card, load_card, read_arrays, write_card
from inference.engine.calibrate import probabilities, raise_for_unseen
from inference.engine.errors import BadBundle


def raise_rule(bundle: Path, *, most_false: float) -> Card:
    """Give labels thresholds of their own, so that unseen sources are seldom called by them falsely; after `left-out`.

    The siblings' logits outside (left_out.npz in the bundle) stand for another hospital's; they are calibrated with the
    bundle's temperature. most_false: see `calibrate.raise_for_unseen`. An evaluation by the rule before goes away.
    Returns the card as written; its rule's coverage and error stay those of the threshold that all labels had.
    Raises BadBundle when no siblings were scored, or for other labels; ValueError when `most_false` is no share.
    """
    card = load_card(bundle)
    if not 0 <= most_false <= 1:
        raise ValueError(f"Expected a share from 0 to 1 of films named falsely; received {most_false}. Correct it.")
    if LOGITS_OUTSIDE not in card.files:
        raise BadBundle(
            expected=f"{LOGITS_OUTSIDE} in {bundle}",
            received="a bundle whose siblings were not scored",
            remedy="Run left-out first",
        )
    outside = read_arrays(bundle / LOGITS_OUTSIDE)
    if outside["logits"].shape[1] != len(card.labels):
        raise BadBundle(
            expected=f"logits of {len(card.labels)} labels in {bundle / LOGITS_OUTSIDE}",
            received=f"{outside['logits'].shape[1]}",
            remedy="Run left-out with siblings of this bundle",
        )
    rule = raise_for_unseen(
        card.selective_rule,
        probabilities(outside["logits"], temperature=card.temperature),
        outside["targets"],
        outside["sources"],
        labels=card.labels,
        most_false=most_false,
    )
    if rule == card.selective_rule:
        return card
    # Figures of another rule would be taken for this one's.
    (bundle / EVALUATION).unlink(missing_ok=True)
    return write_card(replace(card, selective_rule=rule, metrics={}), bundle)
