"""The table of networks: every evaluated bundle in one line, beside what earlier student systems published."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from inference.engine.bundle import EVALUATION
from inference.training.metrics import covid_label
from inference.training.report_tables import NONE, cell, table

_TEMPLATE = Path(__file__).with_name("networks.template.md")


@dataclass(frozen=True)
class Published:
    """What other people published of their network on their own data; "" where they did not say."""

    network: str
    labels: str
    accuracy: str
    covid_precision: str = ""
    covid_recall: str = ""
    macro_f1: str = ""


# Citations, not measurements of ours: the figures that earlier student systems with these networks state of themselves.
PUBLISHED = (
    Published("ResNet50", "COVID / non-COVID", "0.8734", covid_precision="0.88", covid_recall="0.85"),
    Published("VGG16, dense 256 head", "three classes", "0.9521"),
    Published("four convolutions and poolings", "not stated", "0.95"),
    Published("batch-normalised CNN", "three classes", "0.8952 (validation)"),
    Published("batch-normalised CNN", "four classes", "0.3651", macro_f1="0.25"),
)


def read_evaluation(path: Path) -> dict[str, Any]:
    """An evaluation by the path of its evaluation.json or of the bundle that holds it.

    Raises ValueError when there is none, or one of an earlier make.
    """
    file = path / EVALUATION if path.is_dir() else path
    try:
        found: dict[str, Any] = json.loads(file.read_text())
        missing = {"architecture", "labels", "minutes", "subsets"} - set(found)
    except (OSError, ValueError) as error:
        raise ValueError(f"Expected an evaluation at {file}; received {error}. Run evaluate on the bundle.") from error
    if missing:
        raise ValueError(f"Expected {sorted(missing)} in {file}; received none. Run evaluate on the bundle again.")
    return found


def networks_page(evaluations: Sequence[Mapping[str, Any]]) -> str:
    """The table of networks as a page in Markdown.

    evaluations: as in evaluation.json, each with n, split and budget; a bundle of more labels than two has a second
    line, read as COVID-19 or anything else.
    """
    lines = [line for evaluation in evaluations for line in _lines(evaluation)]
    head = (
        "network", "labels", "px", "began with", "epochs", "minutes", "split", "n", "accuracy", "balanced accuracy",
        "macro AUROC", "COVID precision", "COVID recall", "macro F1",
    )  # fmt: skip
    manifests = sorted({evaluation["manifest_sha256"] for evaluation in evaluations})
    return Template(_TEMPLATE.read_text()).substitute(
        ours=table(head, lines),
        published=table(
            ("network", "labels", "accuracy", "COVID precision", "COVID recall", "macro F1"),
            [tuple(value or NONE for value in vars(one).values()) for one in PUBLISHED],
        ),
        # Written in here, because the page's neighbour is not the template's.
        model_card="[model card](model_card.md)",
        manifests=", ".join(f"`{manifest}`" for manifest in manifests),
    )


def _lines(evaluation: Mapping[str, Any]) -> list[tuple[object, ...]]:
    lines = [_line(evaluation, evaluation["subsets"]["all"], evaluation["labels"])]
    if "two classes" in evaluation:
        two = evaluation["two classes"]
        lines.append(_line(evaluation, two, two["labels"], read=" (the same, read as two)"))
    return lines


def _line(
    evaluation: Mapping[str, Any], found: Mapping[str, Any], labels: Sequence[str], *, read: str = ""
) -> tuple[object, ...]:
    covid = covid_label(labels)
    names = ("accuracy", "balanced accuracy", "macro auroc", f"precision {covid}", f"sensitivity {covid}", "macro f1")
    return (
        evaluation["architecture"],
        " / ".join(labels) + read,
        evaluation["input_size"],
        evaluation.get("initial_weights", "not recorded"),
        evaluation["epochs"],
        f"{evaluation['minutes']:.0f}",
        evaluation["split"],
        found["n"],
        *(cell(found["figures"].get(name)) for name in names),
    )
