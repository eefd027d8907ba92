"""Writes the model card from a bundle's own figures; nothing in it that a run measures is typed in."""

import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from inference.engine.bundle import EVALUATION, LEFT_OUT, Card, load_card
from inference.engine.labels import in_words
from inference.engine.precision import MEASURED
from inference.training import report_reach, report_sections

_TEMPLATE = Path(__file__).with_name("model_card.template.md")
# Where the card's pictures lie, beside it.
PICTURES = "images"


def model_card(bundle: Path) -> str:
    """The model card of a bundle in Markdown; use after `evaluate`.

    Raises BadBundle for a bundle that is not whole, OSError when it has no evaluation.
    """
    return card_text(load_card(bundle), bundle)


def card_text(card: Card, bundle: Path) -> str:
    """The model card of a bundle whose card was read already; for the desk's facts page, which loads no weights.

    Raises OSError when the bundle has no evaluation, KeyError, TypeError or ValueError when it is not one of ours.
    """
    evaluation = json.loads((bundle / EVALUATION).read_text())
    left_out = _read(bundle / LEFT_OUT)
    return Template(_TEMPLATE.read_text()).substitute(
        name=card.name,
        split=evaluation["split"],
        size=card.input_size,
        labels="; ".join(in_words(label) for label in card.labels),
        chance=f"{1 / len(card.labels):.2f}",
        **report_sections.what_it_is(card, evaluation),
        **report_sections.internal(card, evaluation),
        **report_sections.gate_and_failures(evaluation),
        **report_reach.shortcuts_and_maps(evaluation),
        **report_reach.unseen(evaluation, left_out),
        precision=report_reach.precision(_read(bundle / MEASURED)),
        **_pictures(card, evaluation),
    )


def _read(path: Path) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return found


def _pictures(card: Card, evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Every picture that the bundle holds, as Markdown with its words; an empty string for one that was not drawn."""
    found = {}
    for name in ("confusion", "roc", "precision-recall", "reliability", "risk-coverage", "training"):
        file = f"model-{name}.svg"
        words = evaluation["plots"].get(file)
        shown = words is not None and file in card.files
        found[f"plot_{name.replace('-', '_')}"] = f"![{words}]({PICTURES}/{file})" if shown else ""
    return found


def write_report(bundle: Path, out: Path) -> None:
    """Write a bundle's model card to `out`, and its pictures to the folder `images` beside it.

    Raises BadBundle for a bundle that is not whole, OSError when it has no evaluation.
    """
    text = model_card(bundle)
    pictures = out.parent / PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    for picture in sorted(bundle.glob("model-*.svg")):
        (pictures / picture.name).write_bytes(picture.read_bytes())
    out.write_text(text)
