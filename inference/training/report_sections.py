"""Sections of the model card: what the bundle is, its figures inside its own sources, its gate, its failures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from inference.engine.bundle import Card
from inference.engine.gate import REASONS
from inference.training.metrics import COVERAGE, ERROR, covid_label, wilson
from inference.training.report_tables import NONE, NOT_MEASURED, cell, figures_table, percent, table

# Of the training record: what the table of facts says already, and what the curves show.
_SAID_ELSEWHERE = ("network", "labels", "history", "epochs_done", "seconds")
_MOST_KINDS = 15


def what_it_is(card: Card, evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Facts, data and training."""
    return {
        "facts": _facts(card, evaluation),
        "rule": _stored(asdict(card.selective_rule)),
        "data_counts": _data_counts(evaluation),
        "children": _children(evaluation),
        "training": _training(card),
        "curve": _curve(card),
    }


def _facts(card: Card, evaluation: Mapping[str, Any]) -> str:
    parity = evaluation["parity"]
    manifest = (
        "the one it was trained on" if evaluation["is_manifest_of_training"] else "another than it was trained on"
    )
    rows = [
        ("network", f"{card.architecture}, one grey input of {card.input_size} x {card.input_size} px"),
        ("labels, in order", ", ".join(card.labels)),
        ("weights SHA-256", f"`{card.weights_sha256}`"),
        ("preprocessing", f"`{card.preprocess_version}`"),
        ("manifest SHA-256 of training", f"`{card.manifest_sha256}`"),
        ("manifest SHA-256 of evaluation", f"`{evaluation['manifest_sha256']}`, {manifest}"),
        ("code commit at assembly", f"`{card.code_commit}`"),
        ("reading", "each film and its mirror image, answers averaged" if card.mirrored else "each film once"),
        ("temperature", f"{card.temperature:.3f}"),
        (
            "serving graph",
            f"OpenVINO {parity['openvino']}, float32; largest difference of a probability from Keras "
            f"{parity['largest_difference']:.1e} on {parity['inputs']} inputs (allowed: {parity['tolerance']})",
        ),
    ]
    return table(("what", "value"), rows)


def _stored(values: Mapping[str, Any]) -> str:
    return "; ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in values.items())


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping) and value:
        return "(" + "; ".join(f"{name}: {_plain(one)}" for name, one in value.items()) + ")"
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return "(" + ", ".join(_plain(one) for one in value) + ")"
    return str(value) if value not in ("", None, [], (), {}) else "none"


def _data_counts(evaluation: Mapping[str, Any]) -> str:
    sides = ("train", "validation", "test")
    rows = [
        (
            found["source"],
            found["label"],
            found["films"],
            found["groups"],
            found["paediatric"],
            *(found["splits"].get(side, 0) for side in sides),
        )
        for found in evaluation["data"]
    ]
    columns = [sum(row[index] for row in rows) for index in range(2, 8)]
    head = ("source", "label", "films", "patient groups", "of children", *sides)
    return table(head, [*rows, ("all", "all", *columns)])


def _children(evaluation: Mapping[str, Any]) -> str:
    shares = {}
    for label in evaluation["labels"]:
        own = [found for found in evaluation["data"] if found["label"] == label]
        films = sum(found["films"] for found in own)
        shares[label] = sum(found["paediatric"] for found in own) / films if films else 0.0
    return "of the films it learned from, those of children are " + ", ".join(
        f"{share:.0%} of {label}" for label, share in shares.items()
    )


def _training(card: Card) -> str:
    training = card.training
    recipe = {name: value for name, value in training.items() if name not in _SAID_ELSEWHERE}
    began = (
        f"{training.get('epochs_done', 0)} epochs in {training.get('seconds', 0) / 60:.0f} minutes. "
        "The recipe as the run recorded it:\n\n"
    )
    return began + table(
        ("setting", "value"), [(name.replace("_", " "), _plain(value)) for name, value in recipe.items()]
    )


def _curve(card: Card) -> str:
    names = {
        "loss": "training loss",
        "validation_loss": "validation loss",
        "validation_accuracy": "validation accuracy",
        "validation_balanced_accuracy": "balanced",
    }
    entries = [entry for entry in card.training.get("history", ()) if "validation_accuracy" in entry]
    shown = [name for name in names if any(name in entry for entry in entries)]
    rows = [
        (
            int(entry["epoch"]) + 1,
            int(entry["size"]),
            f"{entry['seconds'] / 60:.0f}",
            *(f"{entry[name]:.3f}" if name in entry else NONE for name in shown),
        )
        for entry in entries
    ]
    return table(("epoch", "px", "minutes", *(names[name] for name in shown)), rows) if rows else NOT_MEASURED


def internal(card: Card, evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Figures of the split: by subset, by label, calibration, two classes, the selective rule."""
    names = (
        "accuracy",
        "balanced accuracy",
        "macro auroc",
        "macro f1",
        "calibration error",
        "coverage",
        "selective error",
    )
    subsets = evaluation["subsets"]
    everything = subsets["all"]
    error = everything["figures"]["calibration error"]
    return {
        "subsets": figures_table(subsets, names),
        "sensitivities": figures_table(subsets, _sensitivities(card.labels)),
        "per_label": _per_label(
            everything, card.labels, ("sensitivity", "precision", "f1", "auroc", "average precision")
        ),
        "confusion": table(
            ("true", *card.labels),
            [(label, *counts) for label, counts in zip(card.labels, evaluation["confusion"], strict=True)],
        ),
        "calibration": f"The expected calibration error in 15 bins is {cell(error)} on {everything['n']} films.",
        "two_classes": _two_classes(evaluation),
        "selective": _selective(subsets),
        "rule_outside": _rule_outside(evaluation.get("rule on unseen sources") or {}, card.labels),
        "selective_per_label": _per_label(
            everything, card.labels, ("coverage", "selective error", "error where {} is named")
        ),
    }


def _sensitivities(labels: Sequence[str]) -> list[str]:
    covid = covid_label(labels)
    return [f"sensitivity {label}" for label in labels] + (
        [f"normals called {covid}", f"normals named {covid}"] if covid else []
    )


def _per_label(found: Mapping[str, Any], labels: Sequence[str], names: Sequence[str]) -> str:
    rows = []
    for label in labels:
        own = [name.format(label) if "{}" in name else f"{name} {label}" for name in names]
        rows.append((label, found["per label"][label], *(cell(found["figures"].get(name)) for name in own)))
    return table(("label", "n", *(name.format("it") for name in names)), rows)


def _two_classes(evaluation: Mapping[str, Any]) -> str:
    if "two classes" not in evaluation:
        return "Not asked of this bundle: it has two labels itself, or none for COVID-19."
    found = evaluation["two classes"]
    covid, other = found["labels"]
    names = (
        "accuracy",
        f"precision {covid}",
        f"sensitivity {covid}",
        f"sensitivity {other}",
        f"auroc {covid}",
        "macro f1",
    )
    return (
        f"The same predictions read as {covid} or anything else: {covid} where its probability is above one half.\n\n"
    ) + figures_table({"all": found}, names)


def _selective(subsets: Mapping[str, Any]) -> str:
    names = ("coverage", "selective error", f"error at coverage {COVERAGE:.2f}", f"coverage at error {ERROR}")
    return figures_table({name: subsets[name] for name in ("all", "adults") if name in subsets}, names)


def _rule_outside(found: Mapping[str, Any], labels: Sequence[str]) -> str:
    if not found:
        return NOT_MEASURED
    covid = covid_label(labels)
    names = ("coverage", "selective error", f"error where {covid} is named", f"normals called {covid}")
    sets = {"unseen, all": found} | {f"unseen: {source}": own for source, own in found["sources"].items()}
    if "inside" in found:
        sets["the siblings' own test films"] = found["inside"]
    return figures_table(sets, (*names, f"normals named {covid}"))


def gate_and_failures(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Whom the gate turns away, and where the answers are wrong."""
    frontal = evaluation["refused by the gate"]
    total = sum(frontal["refused"].values())
    by_source = ", ".join(f"{source} {count}" for source, count in sorted(frontal["by source"].items()))
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(frontal["refused"].items()))
    failures = evaluation["failures"]
    answered = evaluation["subsets"]["all"]["n"]
    return {
        "frontal_n": str(frontal["n"]),
        "frontal_refused": f"{total}, {percent(frontal['share'])},",
        "frontal_reasons": f"{reasons}; by source: {by_source}" if total else "none",
        "checks": "; ".join(REASONS.values()),
        "odd": _outcomes(evaluation.get("not chest X-rays", {}), total=True),
        "spoiled": _outcomes(evaluation["spoiled films"], total=False),
        "failures_counts": (
            f"Of the {answered} films analysed, {failures['wrong']} have another label than their own as the most "
            "likely one. By kind and source, the most frequent first:"
        ),
        "failure_kinds": table(
            ("true", "said", "source", "films", "of"),
            [
                (kind["true"], kind["said"], kind["source"], kind["n"], kind["of"])
                for kind in failures["kinds"][:_MOST_KINDS]
            ],
        ),
        "failure_examples": _examples(failures["examples"]),
    }


def _outcomes(kinds: Mapping[str, Mapping[str, int]], *, total: bool) -> str:
    if not kinds:
        return NOT_MEASURED
    names = ("n", "refused", "inconclusive")
    rows = {kind: [found[name] for name in names] for kind, found in kinds.items()}
    if total:
        rows["all"] = [sum(row[index] for row in rows.values()) for index in range(3)]
    lines = []
    for kind, (count, refused, inconclusive) in rows.items():
        low, high = wilson(refused, count)
        lines.append((kind, count, refused, inconclusive, f"{low:.1%} to {high:.1%}"))
    return table(("kind", *names, "share refused, 95 % interval"), lines)


def _examples(examples: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            found["true"],
            found["said"],
            f"{found['probability']:.3f}",
            "finding" if found["named"] else "cannot tell",
            found["source"],
            found["view"],
            found["age group"],
        )
        for found in examples
    ]
    head = ("true", "most likely", "probability", "the product said", "source", "view", "age")
    return table(head, rows) if rows else "None: every film's most likely label is its own."
