"""The pictures of the model card, drawn from a bundle's own figures as SVG; kept in the bundle."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from inference.engine.bundle import Card
from inference.training.metrics import COVERAGE

# Okabe and Ito's colours can be told apart by colour-blind readers; line styles tell them apart in grey.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
# Text stays text, so that it can be read out and searched; the same figures give the same bytes.
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "model card",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_GREY = "#777777"
# What the pictures are called, in the bundle and beside the card.
PATTERN = "model-*.svg"

Drawing = Callable[[Figure], str]


def draw(folder: Path, evaluation: Mapping[str, Any], card: Card) -> dict[str, str]:
    """Draw every picture the figures allow into a folder; returns the words for each, by file name.

    evaluation: the content of evaluation.json. A picture whose figures are missing is not drawn.
    """
    curves = evaluation["curves"]
    drawings: dict[str, Drawing | None] = {
        "confusion": lambda figure: _confusion(figure, evaluation["confusion"], evaluation["labels"]),
        "roc": (lambda figure: _roc(figure, evaluation)) if curves["roc"] else None,
        "precision-recall": (lambda figure: _precision_recall(figure, evaluation)) if curves["roc"] else None,
        "reliability": lambda figure: _reliability(figure, evaluation),
        "risk-coverage": lambda figure: _risk_coverage(figure, evaluation),
        "training": (lambda figure: _training(figure, card)) if card.training.get("history") else None,
    }
    found = {}
    for name, drawing in drawings.items():
        if drawing is not None:
            file = PATTERN.replace("*", name)
            found[file] = _save(folder / file, drawing)
    return found


def _save(path: Path, drawing: Drawing) -> str:
    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(5.6, 4.2), layout="constrained")
        words = drawing(figure)
        figure.savefig(path, format="svg", metadata={"Date": None, "Title": words})
    return words


def _confusion(figure: Figure, counts: Sequence[Sequence[int]], labels: Sequence[str]) -> str:
    axes = figure.add_subplot()
    table = np.array(counts)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(table.shape):
        dark = shares[row, column] > 0.5
        text = f"{table[row, column]}\n{shares[row, column]:.1%}"
        axes.text(column, row, text, ha="center", va="center", color="white" if dark else "black")
    axes.grid(visible=False)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("most likely label")
    axes.set_ylabel("true label")
    right = int(np.trace(table))
    return f"Confusion matrix: {right} of {table.sum()} films have their true label as the most likely one"


def _roc(figure: Figure, evaluation: Mapping[str, Any]) -> str:
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8)
    areas = _lines(axes, evaluation, "roc", ("false positive rate", "true positive rate"), "auroc")
    return f"Receiver operating characteristic of each label against the others; areas: {areas}"


def _precision_recall(figure: Figure, evaluation: Mapping[str, Any]) -> str:
    axes = figure.add_subplot()
    areas = _lines(axes, evaluation, "precision-recall", ("recall", "precision"), "average precision")
    return f"Precision against recall of each label; average precision: {areas}"


def _lines(axes: Axes, evaluation: Mapping[str, Any], curve: str, sides: tuple[str, str], area: str) -> str:
    figures = evaluation["subsets"]["all"]["figures"]
    words = []
    for index, (label, points) in enumerate(evaluation["curves"][curve].items()):
        words.append(f"{label} {figures[f'{area} {label}']['value']:.3f}")
        axes.plot(
            points[sides[0]], points[sides[1]], color=_COLOURS[index % 6], linestyle=_STYLES[index % 6], label=words[-1]
        )
    axes.set(xlabel=sides[0], ylabel=sides[1], xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    axes.legend(title=area)
    return ", ".join(words)


def _reliability(figure: Figure, evaluation: Mapping[str, Any]) -> str:
    bins = evaluation["curves"]["reliability"]
    error = evaluation["subsets"]["all"]["figures"]["calibration error"]["value"]
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    confidence = [found["confidence"] for found in bins]
    upper.plot([0, 1], [0, 1], color=_GREY, linewidth=0.8, label="perfectly calibrated")
    upper.plot(confidence, [found["accuracy"] for found in bins], "o-", color=_COLOURS[0], label="measured")
    upper.set(ylabel="share that is right", ylim=(0, 1.02))
    upper.legend()
    lower.bar(confidence, [found["n"] for found in bins], width=1 / 20, color=_COLOURS[0])
    lower.set(xlabel="probability of the most likely label", ylabel="films", xlim=(0, 1.02))
    return f"Reliability in 15 bins: how often a stated probability is right; expected calibration error {error:.3f}"


def _risk_coverage(figure: Figure, evaluation: Mapping[str, Any]) -> str:
    axes = figure.add_subplot()
    curve, figures = evaluation["curves"]["risk-coverage"], evaluation["subsets"]["all"]["figures"]
    axes.plot(curve["coverage"], curve["error"], color=_COLOURS[0], label="any threshold")
    fixed = figures[f"error at coverage {COVERAGE:.2f}"]["value"]
    axes.plot([COVERAGE], [fixed], "s", color=_COLOURS[1], label=f"coverage {COVERAGE:.2f}: error {fixed:.3f}")
    words = f"at coverage {COVERAGE:.2f} the error is {fixed:.3f}"
    if "selective error" in figures:
        own = figures["coverage"]["value"], figures["selective error"]["value"]
        axes.plot([own[0]], [own[1]], "o", color=_COLOURS[2], label=f"the bundle's rule: {own[0]:.2f}, {own[1]:.3f}")
        words += f"; the bundle's own rule answers {own[0]:.2f} of the films with an error of {own[1]:.3f}"
    axes.set(xlabel="coverage: share of the films answered", ylabel="error among those", xlim=(0, 1.01))
    axes.set_ylim(bottom=0)
    axes.legend()
    return f"Risk and coverage: {words}"


def _training(figure: Figure, card: Card) -> str:
    history: list[dict[str, float]] = card.training["history"]
    upper, lower = figure.subplots(2, 1, sharex=True)
    _series(upper, history, {"loss": "training", "validation_loss": "validation"})
    upper.set(ylabel="loss")
    _series(
        lower,
        history,
        {
            "accuracy": "training, augmented",
            "validation_accuracy": "validation",
            "validation_balanced_accuracy": "validation, balanced",
        },
    )
    lower.set(xlabel="epoch", ylabel="accuracy", ylim=(None, 1.0))
    for axes in (upper, lower):
        sizes = [entry.get("size", 0) for entry in history]
        for index in range(1, len(history)):
            if sizes[index] != sizes[index - 1]:
                axes.axvline(history[index]["epoch"] + 0.5, color=_GREY, linewidth=0.8)
                axes.text(history[index]["epoch"] + 0.6, axes.get_ylim()[0], f"{sizes[index]:.0f} px", color=_GREY)
    return f"Training over {len(history)} epochs: loss, and accuracy on training and validation films"


def _series(axes: Axes, history: Sequence[Mapping[str, float]], names: Mapping[str, str]) -> None:
    for index, (name, label) in enumerate(names.items()):
        points = [(entry["epoch"] + 1, entry[name]) for entry in history if name in entry]
        if points:
            epochs, values = zip(*points, strict=True)
            axes.plot(epochs, values, color=_COLOURS[index], linestyle=_STYLES[index], marker=".", label=label)
    if axes.lines:
        axes.legend()
