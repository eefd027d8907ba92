"""The command `import`: from one or more data sets to a manifest, with an account of what was refused."""

import argparse
import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inference.training.dataset import write_manifest
from inference.training.errors import BadDataSet
from inference.training.findings import FINDINGS
from inference.training.importers import DEFAULT_LAYOUT, LAYOUTS, DataSet, import_data
from inference.training.importers.found import Reading
from inference.training.importers.report import report_path, summary, write_report
from inference.training.label_sets import LABEL_SETS, PRODUCT_LABEL_SET, label_set
from inference.training.splits import SplitPlan

_MANIFEST = Path("var/training/manifest.csv")


def add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `python -m inference.training`."""
    layouts = "; ".join(f"{layout.name}: {layout.what}" for layout in LAYOUTS.values())
    parser = commands.add_parser("import", help="make the training manifest of one or more data sets", epilog=layouts)
    parser.add_argument("data", nargs="+", metavar="[LAYOUT=]PATH", help="a data set's folder or its table")
    parser.add_argument("--layout", choices=LAYOUTS, default=DEFAULT_LAYOUT, help="of each PATH that names none")
    parser.add_argument("--label-set", choices=LABEL_SETS, default=PRODUCT_LABEL_SET)
    parser.add_argument("--source", default="", help="name of a single data set's source")
    parser.add_argument("--out", type=Path, default=_MANIFEST)
    parser.add_argument("--seed", type=int, help="of the split by patient and duplicate group")
    parser.add_argument("--validation", type=float, help="share of the groups, 0 to 1")
    parser.add_argument("--test", type=float, help="share of the groups, 0 to 1")
    parser.add_argument("--keep-split", action="store_true", help="keep the data set's own train and test")
    parser.add_argument("--patient", metavar="REGEX", help="its first group is the patient in a file's name")
    parser.add_argument(
        "--finding",
        action="append",
        default=[],
        metavar="WORDS=FINDING",
        help=f"what a label of the data set means: {', '.join(FINDINGS)}",
    )
    parser.set_defaults(run_command=run)


def run(chosen: argparse.Namespace) -> None:
    """Import what the command line names; ends the process with a sentence where it cannot."""
    try:
        _import(chosen)
    except BadDataSet as error:
        raise SystemExit(str(error)) from error
    except OSError as error:
        raise SystemExit(
            f"Expected folders that can be read and written; received {error}. Check the paths and their rights."
        ) from error


def _import(chosen: argparse.Namespace) -> None:
    data_sets = [_data_set(text, chosen) for text in chosen.data]
    if chosen.source and len(data_sets) > 1:
        raise BadDataSet(expected="--source with one data set", received=f"{len(data_sets)}", remedy="Leave it out")
    plan = _plan(chosen)
    labels = label_set(chosen.label_set)
    imported = import_data(data_sets, labels=labels, plan=plan, keep_split=chosen.keep_split, reading=_reading(chosen))
    write_manifest(imported.films, chosen.out)
    settings = {
        "manifest_sha256": hashlib.sha256(chosen.out.read_bytes()).hexdigest(),
        "images": str(imported.images),
        "data_sets": [{"layout": one.layout, "source": one.name, "path": str(one.path)} for one in data_sets],
        "label_set": {"name": labels.name, "labels": labels.labels},
        "split": _said(plan, chosen),
    }
    write_report(imported, chosen.out, settings=settings)
    for line in summary(imported):
        print(line)
    print(
        f"{len(imported.films)} films in {chosen.out}, {len(imported.refused)} rows refused: {report_path(chosen.out)}"
    )
    print(f"train with --images {imported.images}")


def _data_set(text: str, chosen: argparse.Namespace) -> DataSet:
    layout, mark, path = text.partition("=")
    if mark and layout in LAYOUTS:
        return DataSet(layout, Path(path), chosen.source)
    return DataSet(chosen.layout, Path(text), chosen.source)


def _plan(chosen: argparse.Namespace) -> SplitPlan | None:
    given = {name: getattr(chosen, name) for name in ("seed", "validation", "test")}
    given = {name: value for name, value in given.items() if value is not None}
    plan = SplitPlan(**given)
    if min(plan.validation, plan.test) < 0 or plan.validation + plan.test >= 1:
        raise BadDataSet(
            expected="shares of 0 or more that leave some groups to train on",
            received=f"--validation {plan.validation} --test {plan.test}",
            remedy="Give shares whose sum is below 1, such as 0.1 and 0.1",
        )
    return plan if given else None


def _said(plan: SplitPlan | None, chosen: argparse.Namespace) -> Mapping[str, Any]:
    return {
        "by": "hash of seed and group; a group is one patient and all copies of one file",
        **asdict(plan or SplitPlan()),
        "own_sides_kept": chosen.keep_split,
        "own_folds_kept": plan is None,
    }


def _reading(chosen: argparse.Namespace) -> Reading:
    words = dict(text.rpartition("=")[::2] for text in chosen.finding)
    unknown = sorted(set(words.values()) - set(FINDINGS))
    if unknown or "" in words:
        raise BadDataSet(
            expected=f"--finding WORDS=FINDING with a finding among {', '.join(FINDINGS)}",
            received=", ".join(chosen.finding),
            remedy="Name one of these",
        )
    return Reading(words=words, patient=_pattern(chosen.patient))


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise BadDataSet(
            expected="a regular expression after --patient", received=f"{text!r}: {error}", remedy="Correct it"
        ) from error
    if pattern.groups < 1:
        raise BadDataSet(
            expected="a regular expression with a group after --patient",
            received=repr(text),
            remedy="Put the patient in round brackets, such as (\\d+)_",
        )
    return pattern
