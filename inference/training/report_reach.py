"""Sections of the model card: what was asked and reached, shortcuts, maps, and how far it holds beyond its sources."""

from collections.abc import Mapping, Sequence
from typing import Any

from inference.training.metrics import covid_label
from inference.training.report_tables import NONE, NOT_MEASURED, cell, figures_table, percent, table
from inference.training.targets import Target, targets


def shortcuts_and_maps(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """What is read beside the lungs, and where the maps point."""
    covid = covid_label(evaluation["labels"])
    names = ("accuracy", "balanced accuracy", f"sensitivity {covid}", f"normals called {covid}")
    painted = evaluation.get("painted") or {}
    return {
        "border": _border(painted) if painted else "",
        "painted": figures_table(painted["films"], names) if painted else NOT_MEASURED,
        "source_guess": _source_guess(evaluation["source guessed from the embedding"]),
        "lung_finder": _lung_finder(evaluation.get("lung finder") or {}),
        **_maps(evaluation.get("maps") or {}),
    }


def _border(painted: Mapping[str, Any]) -> str:
    found = ", ".join(f"{name} {share:.0%}" for name, share in painted["lungs found"].items())
    return (
        f"The border is the outer {painted['border']:.0%} of the height and width on each side; it holds "
        f"{painted['lungs within the border']:.1%} of the lungs' area. A bundle that looks for the lungs first looks "
        f"for them in the painted films too, and reads the whole film where it finds none. Found: {found}."
    )


def _source_guess(sets: Mapping[str, Mapping[str, Any]]) -> str:
    if not sets:
        return NOT_MEASURED
    rows = [
        (
            films,
            found["n"],
            ", ".join(found["sources"]),
            cell(found["figures"]["accuracy"]),
            f"{found['largest source']:.3f}",
            cell(found["figures"]["balanced accuracy"]),
            f"{1 / len(found['sources']):.3f}",
        )
        for films, found in sets.items()
    ]
    head = ("films", "n", "sources", "accuracy", "by the largest source", "balanced accuracy", "by chance")
    return table(head, rows)


def _lung_finder(found: Mapping[str, Any]) -> str:
    if not found:
        return "This bundle has no lung finder, or its lungs were not measured."
    return (
        f"The bundle finds the lungs first and reads only the box around them. On {found['n']} films with drawn lungs "
        "that neither network learned from:\n\n"
    ) + table(("figure", "mean"), [(name, cell(figure)) for name, figure in found["figures"].items()])


def _maps(found: Mapping[str, Any]) -> dict[str, str]:
    if not found:
        return {"maps": NOT_MEASURED, "maps_counts": ""}
    rows = []
    for area, one in found["sets"].items():
        for name, own in one["maps"].items():
            rows.append((area, one["n"], name, cell(own["mass inside"]), cell(own["peak inside"])))
    return {
        "maps": table(("area", "n", "map", "mass inside", "peak inside"), rows),
        "maps_counts": (
            f"Of {found['n']} films {found['refused']} were refused and have no map; {found['all zero']} maps are zero "
            "everywhere and count as misses."
        ),
    }


def unseen(evaluation: Mapping[str, Any], left_out: Mapping[str, Any] | None) -> dict[str, str]:
    """What was asked and reached, how siblings do on sources they never saw, and the limits that follow."""
    # A file of an earlier make has one sibling and no means; it is measured again, not half shown.
    measured = left_out if left_out is not None and "pooled" in left_out else None
    asked, aimed_at = targets(evaluation, measured)
    return {
        "asked": _targets(asked),
        "aimed_at": _targets(aimed_at) if aimed_at else NOT_MEASURED,
        "left_out": _left_out(measured, evaluation["labels"]) if measured else NOT_MEASURED,
        "limits": _limits(evaluation, measured),
    }


def _targets(found: Sequence[Target]) -> str:
    verdicts = {None: "not measured", True: "met", False: "**not met**"}
    rows = [
        (
            one.what,
            f"at {'least' if one.is_least else 'most'} {one.limit:g}",
            _reached(one),
            one.n or NONE,
            verdicts[one.is_met],
        )
        for one in found
    ]
    return table(("figure", "asked", "reached", "n", "verdict"), rows)


def _reached(one: Target) -> str:
    if one.reached is None:
        return NONE
    if one.reached["low"] == one.reached["high"] and 0 < one.reached["value"] < 1e-3:
        return f"{one.reached['value']:.1e}"
    return cell(one.reached)


def _left_out(found: Mapping[str, Any], labels: Sequence[str]) -> str:
    covid = covid_label(labels)
    names = ["accuracy", "balanced accuracy", *(f"auroc {label}" for label in labels)]
    names += [f"auroc {label} beside inside films" for label in labels]
    names += [f"sensitivity {covid}", f"normals called {covid}"] if covid else []
    text = list[str]()
    for sibling in found["siblings"]:
        text.append(
            f"Without {' and '.join(sibling['left out'])} ({sibling['network']}, {sibling['size']} px, "
            f"{sibling['minutes']} minutes, {sibling['epochs']} epochs{_start(sibling)}):"
        )
        sets = {"inside": sibling["inside"], "outside": sibling["outside"]}
        sets |= {f"outside: {source}": own for source, own in sibling["sources"].items()}
        text.append(figures_table(sets, names))
    text.append("All films outside, each once, and the plain mean over the sources, by which recipes are chosen:")
    text.append(figures_table({"all unseen films": found["pooled"]}, names))
    text.append(_means(found["mean over sources"], names))
    return "\n\n".join(text)


def _start(sibling: Mapping[str, Any]) -> str:
    start = sibling.get("initial weights")
    if start in (None, "none"):
        return "" if start is None else ", from scratch"
    return f", started from {start}" + ("" if start == "imagenet" else ", **which may have seen these sources**")


def _means(means: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> str:
    rows = [(name, f"{means[name]['value']:.3f}", means[name]["sources"]) for name in names if name in means]
    return table(("mean over sources", "value", "sources"), rows)


def _limits(evaluation: Mapping[str, Any], left_out: Mapping[str, Any] | None) -> str:
    covid = covid_label(evaluation["labels"])
    measured = _gap(left_out, covid) if left_out is not None else "How much worse was not measured for this bundle."
    lines = [
        f"**Expect worse at hospitals it has not seen.** {measured} In the training data nearly every source has one "
        "label, so the network can tell the hospital, the machine or the publisher instead of the disease, and the "
        'internal figures reward it for that. "Shortcuts" and "Sources never seen" show how far. A normal film called '
        "diseased, or a diseased one missed, may come with a high probability."
    ]
    adults, everyone = (evaluation["subsets"].get(name) for name in ("adults", "all"))
    if adults is not None and everyone is not None:
        own, all_films = (cell(found["figures"]["balanced accuracy"]) for found in (adults, everyone))
        lines.append(
            f"Body size alone separates much, because {_ages(evaluation)}. On adults alone the balanced accuracy is "
            f"{own}, on all films {all_films}."
        )
    return "\n".join(f"- {line}" for line in lines)


def _gap(left_out: Mapping[str, Any], covid: str | None) -> str:
    pooled = left_out["pooled"]["figures"]
    insides = [sibling["inside"]["figures"]["balanced accuracy"]["value"] for sibling in left_out["siblings"]]
    inside = " to ".join(f"{value:.3f}" for value in sorted({min(insides), max(insides)}))
    text = (
        f"Siblings reached a balanced accuracy of {cell(pooled['balanced accuracy'])} on sources they never saw, "
        f"against {inside} inside."
    )
    false = pooled.get(f"normals called {covid}")
    return text + (f" They called {percent(false)} of the unseen normal films {covid}." if false else "")


def _ages(evaluation: Mapping[str, Any]) -> str:
    parts = []
    for label in evaluation["labels"]:
        own = [found for found in evaluation["data"] if found["label"] == label]
        films = sum(found["films"] for found in own)
        if films:
            parts.append(f"{sum(found['paediatric'] for found in own) / films:.0%} of the {label} films")
    return "children are " + ", ".join(parts)


def precision(found: Mapping[str, Any] | None) -> str:
    """How the answers in bfloat16 agree with those in float32, where that was measured."""
    began = (
        "Every other figure of this card is of float32, which is what is served unless the operator asks otherwise. "
    )
    if found is None:
        return began + "No other precision was measured, and none is served."
    sets = {"float32": found["f32"], "bfloat16": found["bf16"]}
    names = ("accuracy", "balanced accuracy", "macro auroc", "calibration error", "coverage", "selective error")
    return (
        f"{began}In bfloat16 {found['same outcome']} of {found['films']} {found['split']} films have the same outcome; "
        f"the largest difference of a probability is {found['largest difference']:.1e}, the mean one "
        f"{found['mean difference']:.1e} ({found['device']}). Films answered in both:\n\n"
    ) + figures_table(sets, names, first="precision")
