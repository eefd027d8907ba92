"""What a layout's reader finds: rows that may become films, rows that cannot, and what is left out by intent."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class BadRow(Exception):
    """One row cannot become a film. reason: the same words for the same fault; detail: what it is in this row."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(reason, detail)


@dataclass(frozen=True)
class Reading:
    """What the user says about a data set that the data set does not say itself.

    source: the name of its films' source.
    words: words for a finding beyond those of `findings.finding_of`, and the finding each means.
    patient: its first group is the patient in a file's name; None asks for the names known by `patients`.
    """

    source: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    patient: re.Pattern[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One film as its data set tells of it; what it does not tell is empty.

    line: in the data set's table, from 1; None in a layout of folders. file: relative to the images, with "/".
    words: the label as written. group, split: where the data set has patient groups or sides of its own.
    """

    file: str
    words: str
    line: int | None = None
    patient: str = ""
    group: str = ""
    source: str = ""
    split: str = ""
    view: str = ""
    sex: str = ""
    age: str = ""
    age_group: str = "unknown"


@dataclass(frozen=True)
class Refused:
    """One row that was not imported, and why: the reason is a kind of fault, the detail what it was here."""

    line: int | None
    file: str
    reason: str
    detail: str = ""

    @classmethod
    def because(cls, error: BadRow, *, line: int | None, file: str) -> "Refused":
        """The row at that line, refused for the error's reason."""
        return cls(line, file, error.reason, error.detail)


@dataclass
class Found:
    """All of one data set. images: the folder the rows' files are in. notes: what the user should know beside."""

    images: Path
    rows: list[Row] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A public layout. read: from the path and what the user says to what is found.

    source: the name of its films' source, "" to name them after their folder.
    keeps_split: its own sides are made of patient groups and hold unless the user asks for others.
    """

    name: str
    what: str
    read: Callable[[Path, Reading], Found]
    source: str = ""
    keeps_split: bool = False
