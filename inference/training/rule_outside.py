"""What a bundle's selective rule makes of films from sources never seen: named, or "cannot tell"."""

from pathlib import Path
from typing import Any

import numpy as np

from inference.engine.bundle import LOGITS_OUTSIDE, Card, read_arrays
from inference.engine.calibrate import probabilities
from inference.training.metrics import Scores, with_intervals


def rule_outside(bundle: Path, card: Card) -> dict[str, Any]:
    """Figures of the bundle's temperature and rule on what its siblings said of films they never saw; {} without them.

    A film that several siblings never saw counts once for each. Where the rule's thresholds were raised by these very
    films, the figures are kinder than another hospital's would be.
    Returns the figures of all films and, under `sources`, of each source.
    """
    if LOGITS_OUTSIDE not in card.files:
        return {}
    stored = read_arrays(bundle / LOGITS_OUTSIDE)
    chances = probabilities(stored["logits"], temperature=card.temperature)
    said = [card.labels[index] for index in chances.argmax(axis=1)]
    named = [card.selective_rule.accepts(*pair) for pair in zip(said, chances.max(axis=1).tolist(), strict=True)]
    scores = Scores(chances, stored["targets"], stored["groups"], np.array(named))
    return {
        **with_intervals(scores, labels=card.labels),
        "sources": {
            source: with_intervals(scores.at(stored["sources"] == source), labels=card.labels)
            for source in sorted(set(stored["sources"].tolist()))
        },
    }
