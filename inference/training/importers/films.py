"""From what the layouts found to the films of one manifest: labels, files, groups and sides."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inference.training.dataset import SPLITS, Film
from inference.training.errors import BadDataSet
from inference.training.findings import finding_of
from inference.training.importers.files import digest_of
from inference.training.importers.found import BadRow, Found, Reading, Refused, Row
from inference.training.label_sets import LabelSet
from inference.training.splits import SplitPlan, deal, groups_of


@dataclass(frozen=True, kw_only=True)
class Part:
    """One data set in a manifest. source: of the films whose rows name none. keeps_split: its own sides hold."""

    source: str
    found: Found
    keeps_split: bool


@dataclass(kw_only=True)
class Imported:
    """The films of a manifest and the account of all that is not in it.

    images: the folder the films' files are relative to. refused: by data set. moved: groups that stood on two sides.
    """

    images: Path
    films: list[Film]
    refused: list[tuple[str, Refused]]
    left_out: Counter[str]
    notes: list[str]
    moved: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    part: Part
    row: Row
    label: str
    digest: str


def gather(parts: Sequence[Part], *, labels: LabelSet, plan: SplitPlan, reading: Reading) -> Imported:
    """The films of all data sets, in their order, with bad rows listed; use once per manifest.

    Raises BadDataSet when no film is left.
    """
    imported = Imported(
        images=Path(os.path.commonpath([part.found.images.absolute() for part in parts])),
        films=[],
        refused=[(part.source, refused) for part in parts for refused in part.found.refused],
        left_out=sum((part.found.left_out for part in parts), Counter()),
        notes=[note for part in parts for note in part.found.notes],
    )
    candidates = []
    for part in parts:
        candidates += _usable(part, labels, reading, imported)
    candidates = _without_contradictions(candidates, imported)
    if not candidates:
        raise BadDataSet(
            expected="at least one film that can be imported", received=_reasons(imported), remedy="Correct the data"
        )
    imported.films = _films(candidates, plan, imported)
    imported.notes += _empty_sides(imported.films, labels)
    return imported


def _usable(part: Part, labels: LabelSet, reading: Reading, imported: Imported) -> list[_Candidate]:
    usable: list[_Candidate] = []
    first: dict[str, str] = {}
    for row in part.found.rows:
        try:
            finding = finding_of(row.words, also=reading.words)
            if finding is None:
                raise BadRow("unknown label", ascii(row.words))
            label = labels.label_of(finding)
            if label is None:
                imported.left_out[f"{row.words}: not in the label set {labels.name}"] += 1
                continue
            path = os.path.normpath(row.file)
            if path in first:
                raise BadRow("duplicate file", f"already at {first[path]}")
            usable.append(_Candidate(part, row, label, digest_of(part.found.images, row.file)))
            first[path] = _place(row)
        except BadRow as error:
            imported.refused.append((part.source, Refused.because(error, line=row.line, file=row.file)))
    return usable


def _without_contradictions(candidates: list[_Candidate], imported: Imported) -> list[_Candidate]:
    # One picture cannot be two things, and nobody here can say which it is.
    labels: dict[str, dict[str, _Candidate]] = {}
    for candidate in candidates:
        labels.setdefault(candidate.digest, {}).setdefault(candidate.label, candidate)
    kept = []
    for candidate in candidates:
        others = [other for label, other in labels[candidate.digest].items() if label != candidate.label]
        if others:
            other = others[0]
            error = BadRow(
                "the same picture has another label elsewhere",
                f"{other.label} at {_place(other.row)} of {other.part.source}",
            )
            row = candidate.row
            imported.refused.append((candidate.part.source, Refused.because(error, line=row.line, file=row.file)))
        else:
            kept.append(candidate)
    return kept


def _films(candidates: list[_Candidate], plan: SplitPlan, imported: Imported) -> list[Film]:
    groups = groups_of([_keys(candidate) for candidate in candidates])
    hints = [candidate.row.split if candidate.part.keeps_split else "" for candidate in candidates]
    sides, imported.moved = deal(groups, hints, plan)
    return [
        _film(candidate, group, sides[group], imported.images)
        for candidate, group in zip(candidates, groups, strict=True)
    ]


def _keys(candidate: _Candidate) -> list[tuple[str, str]]:
    row = candidate.row
    keys = [("group", row.group), ("patient", row.patient)]
    return [*(key for key in keys if key[1]), ("file", f"sha256:{candidate.digest[:16]}")]


def _film(candidate: _Candidate, group: str, split: str, images: Path) -> Film:
    row, part = candidate.row, candidate.part
    return Film(
        file=(part.found.images.absolute() / row.file).relative_to(images).as_posix(),
        label=candidate.label,
        patient_id=row.patient,
        group=group,
        source=row.source or part.source,
        view=row.view,
        sex=row.sex,
        age=row.age,
        age_group=row.age_group,
        split=split,
        finding=row.words,
    )


def _empty_sides(films: Sequence[Film], labels: LabelSet) -> list[str]:
    there = {(film.split, film.label) for film in films}
    return [
        f"no film of {label} in {split}" for split in SPLITS for label in labels.labels if (split, label) not in there
    ]


def _place(row: Row) -> str:
    return row.file if row.line is None else f"line {row.line}"


def _reasons(imported: Imported) -> str:
    counts = Counter(refused.reason for _, refused in imported.refused) + imported.left_out
    return "; ".join(f"{reason} ({count})" for reason, count in counts.most_common(5)) or "no row at all"
