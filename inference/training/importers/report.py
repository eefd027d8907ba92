"""The account of an import: printed in short, and in full beside the manifest."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inference.training.dataset import SPLITS
from inference.training.importers.films import Imported
from inference.training.importers.found import Refused

_EXAMPLES = 3


def report_path(manifest: Path) -> Path:
    """Where the account of a manifest lies."""
    return manifest.with_suffix(".import.json")


def write_report(imported: Imported, manifest: Path, *, settings: Mapping[str, Any]) -> None:
    """Write the account beside the manifest: settings, counts, and every refused row with line and reason.

    settings: what the import was asked for, the manifest's SHA-256 among it.
    """
    account = {
        **settings,
        "films": len(imported.films),
        "groups": len({film.group for film in imported.films}),
        "per_split": {split: dict(Counter(f.label for f in imported.films if f.split == split)) for split in SPLITS},
        "per_source": dict(Counter(film.source for film in imported.films)),
        "left_out": dict(imported.left_out),
        "notes": imported.notes,
        "groups_moved_to_train": imported.moved,
        "refused": [{"data_set": name, **asdict(refused)} for name, refused in imported.refused],
    }
    partial = report_path(manifest).with_suffix(".partial")
    partial.write_text(json.dumps(account, indent=2) + "\n", encoding="utf-8")
    partial.replace(report_path(manifest))


def summary(imported: Imported) -> Iterator[str]:
    """The account in lines for a person: counts, and of each reason a few examples."""
    for split in SPLITS:
        counts = Counter(film.label for film in imported.films if film.split == split)
        yield f"{split:10} " + ", ".join(f"{label} {count}" for label, count in sorted(counts.items()))
    for what, count in imported.left_out.most_common():
        yield f"left out: {what}: {count}"
    for note in imported.notes:
        yield f"note: {note}"
    if imported.moved:
        examples = [ascii(group) for group in imported.moved[:_EXAMPLES]]
        yield f"to train, because they stood on two sides: {len(imported.moved)} groups, e.g. {', '.join(examples)}"
    reasons = Counter(refused.reason for _, refused in imported.refused)
    for reason, count in reasons.most_common():
        examples = [_place(refused) for _, refused in imported.refused if refused.reason == reason][:_EXAMPLES]
        yield f"refused: {reason}: {count}, e.g. {'; '.join(examples)}"


def _place(refused: Refused) -> str:
    # ascii() so that a file's name cannot steer the terminal.
    known = (f"line {refused.line}" if refused.line else "", ascii(refused.file) if refused.file else "")
    return " ".join(part for part in (*known, f"({refused.detail})" if refused.detail else "") if part)
