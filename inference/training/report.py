"""Writes the model card from a bundle's own figures; nothing in it that a run measures is typed in."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from inference.engine.bundle import EVALUATION, LEFT_OUT, Card, load_card
from inference.engine.gate import REASONS

_TEMPLATE = Path(__file__).with_name("model_card.template.md")
_NOT_MEASURED = "Not measured for this bundle."


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
    return Template(_TEMPLATE.read_text()).substitute(
        name=card.name,
        split=evaluation["split"],
        size=card.input_size,
        facts=_facts(card),
        chance=f"{1 / len(card.labels):.2f}",
        masked=_masked(evaluation),
        left_out=_left_out(bundle),
        curve=_curve(card),
        **_internal(card, evaluation),
        **_gate(evaluation),
    )


def _facts(card: Card) -> str:
    training, rule = card.training, card.selective_rule
    trained = (
        f"{training['epochs_done']} epochs of {training['steps_per_epoch']} batches of {training['batch']} in "
        f"{training['seconds'] / 60:.0f} minutes on a processor shared with other work; stages (px, share) "
        f"{training['stages']}; AdamW {training['learning_rate']}; seed {training['seed']}"
    )
    named = (
        f"a finding is named at a probability of {rule.threshold:.3f} or more: {rule.coverage:.1%} of the "
        f"validation films, {rule.error:.1%} of them wrongly"
    )
    rows = [
        ("network", f"{card.architecture}, from scratch, one grey input of {card.input_size} x {card.input_size} px"),
        ("labels, in order", ", ".join(card.labels)),
        ("weights SHA-256", f"`{card.weights_sha256}`"),
        ("preprocessing", f"`{card.preprocess_version}`"),
        ("manifest SHA-256", f"`{card.manifest_sha256}`"),
        ("code commit at assembly", f"`{card.code_commit}`"),
        ("training", trained),
        ("temperature", f"{card.temperature:.3f}"),
        ("selective rule", named),
    ]
    return _table(("what", "value"), rows)


def _internal(card: Card, evaluation: Mapping[str, Any]) -> dict[str, str]:
    names = ("accuracy", "balanced accuracy", "macro auroc", "calibration error", "coverage", "selective error")
    per_label = ("sensitivity", "precision", "auroc")
    everything = evaluation["subsets"]["all"]
    return {
        "subsets": _figures(evaluation["subsets"], names),
        "per_label": _table(
            ("label", "n", *per_label),
            [
                (label, everything["per label"][label], *(_cell(everything, f"{name} {label}") for name in per_label))
                for label in card.labels
            ],
        ),
        "confusion": _table(
            ("true", *card.labels),
            [(label, *counts) for label, counts in zip(card.labels, evaluation["confusion"], strict=True)],
        ),
    }


def _masked(evaluation: Mapping[str, Any]) -> str:
    names = ("accuracy", "balanced accuracy", "sensitivity covid19", "normals called covid19")
    return _figures(evaluation["masked"], names) if "masked" in evaluation else _NOT_MEASURED


def _left_out(bundle: Path) -> str:
    if not (bundle / LEFT_OUT).exists():
        return _NOT_MEASURED
    found = json.loads((bundle / LEFT_OUT).read_text())
    names = ("accuracy", "balanced accuracy", "macro auroc", "sensitivity covid19", "normals called covid19")
    return (
        f"A sibling of this model, same network and recipe but {found['minutes']} minutes at {found['size']} px, was "
        f"trained without {' and '.join(found['left out'])}. Inside: test films of the sources it knew. Outside: all "
        "films of those it did not. It is weaker than the bundle; the gap between the two lines is the point.\n\n"
    ) + _figures({name: found[name] for name in ("inside", "outside")}, names)


def _gate(evaluation: Mapping[str, Any]) -> dict[str, str]:
    frontal = evaluation["refused by the gate"]
    total = sum(frontal["refused"].values())
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(frontal["refused"].items()))
    return {
        "frontal_n": str(frontal["n"]),
        "frontal_refused": f"{total} ({total / frontal['n']:.1%})",
        "frontal_reasons": reasons or "none",
        "checks": "; ".join(REASONS.values()),
        "odd": _odd(evaluation),
    }


def _odd(evaluation: Mapping[str, Any]) -> str:
    if "not chest X-rays" not in evaluation:
        return _NOT_MEASURED
    kinds = evaluation["not chest X-rays"].items()
    rows = [(kind, found["n"], found["refused"], found["inconclusive"]) for kind, found in kinds]
    total = ("all", *(sum(found[name] for _, found in kinds) for name in ("n", "refused", "inconclusive")))
    return _table(("kind", "n", "refused", "inconclusive"), [*rows, total])


def _curve(card: Card) -> str:
    rows = [
        (
            int(entry["epoch"]) + 1,
            int(entry["size"]),
            f"{entry['seconds'] / 60:.0f}",
            f"{entry['loss']:.3f}",
            f"{entry['validation_accuracy']:.3f}",
            f"{entry['validation_balanced_accuracy']:.3f}",
        )
        for entry in card.training["history"]
        if "validation_accuracy" in entry
    ]
    head = ("epoch", "px", "minutes", "training loss", "validation accuracy", "balanced")
    return _table(head, rows) if rows else _NOT_MEASURED


def _figures(subsets: Mapping[str, Any], names: Sequence[str]) -> str:
    rows = [(films, found["n"], *(_cell(found, name) for name in names)) for films, found in subsets.items()]
    return _table(("films", "n", *names), rows)


def _cell(subset: Mapping[str, Any], figure: str) -> str:
    found = subset["figures"].get(figure)
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})" if found else "–"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
