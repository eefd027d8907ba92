"""What a bundle's selective rule makes of films from sources never seen: named, or "cannot tell"."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine.bundle import LOGITS_OUTSIDE, Card, read_arrays
from inference.engine.calibrate import probabilities
from inference.training.metrics import Scores, with_intervals


def rule_outside(bundle: Path, card: Card) -> dict[str, Any]:
    """Figures of the bundle's temperature and rule on what its siblings said of films they never saw; {} without them.

    A film that several siblings never saw counts once for each. Where the rule's thresholds were raised by these very
    films, the figures are kinder than another hospital's would be.
    Returns the figures of all films and, under `sources`, of each source; under `inside`, where the bundle keeps them,
    those of the same siblings on test films of sources they knew.
    """
    if LOGITS_OUTSIDE not in card.files:
        return {}
    stored = read_arrays(bundle / LOGITS_OUTSIDE)
    scores = _scores(card, stored, "")
    found = {
        **with_intervals(scores, labels=card.labels),
        "sources": {
            source: with_intervals(scores.at(stored["sources"] == source), labels=card.labels)
            for source in sorted(set(stored["sources"].tolist()))
        },
    }
    if "inside_logits" in stored:
        found["inside"] = with_intervals(_scores(card, stored, "inside_"), labels=card.labels)
    return found


def _scores(card: Card, stored: Mapping[str, NDArray[Any]], side: str) -> Scores:
    chances = probabilities(stored[f"{side}logits"], temperature=card.temperature)
    said = [card.labels[index] for index in chances.argmax(axis=1)]
    named = [card.selective_rule.accepts(*pair) for pair in zip(said, chances.max(axis=1).tolist(), strict=True)]
    return Scores(chances, stored[f"{side}targets"], stored[f"{side}groups"], np.array(named))
