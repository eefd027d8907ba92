"""Rows of a data set's table, each with its line; a row that cannot be read is refused, and the next is read."""

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from inference.training.errors import BadDataSet
from inference.training.importers.found import BadRow, Found, Refused

_NOT_UTF8 = "\N{REPLACEMENT CHARACTER}"


def table_at(path: Path, name: str, *, layout: str) -> Path:
    """The table itself, whether the user named it or the folder it is in.

    Raises BadDataSet where neither is there.
    """
    found = path / name if path.is_dir() else path
    if not found.is_file():
        raise BadDataSet(
            expected=f"the file {name} of the layout {layout}",
            received=f"nothing at {found}",
            remedy="Name the data set's folder or that file",
        )
    return found


def rows_of(
    path: Path, *, layout: str, needed: Sequence[str], filled: Sequence[str], found: Found
) -> Iterator[tuple[int, dict[str, str]]]:
    """Each good row's line and values by column (lower case); bad rows go to `found.refused`.

    needed: columns without which the table is not the layout. filled: those of them that need a value in each row.
    Raises BadDataSet for a table that lacks a column.
    """
    # One bad byte spoils one row, not the table: it is seen in the row's value.
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip().casefold() for name in _next(reader) or ()]
    missing = [name for name in needed if name.casefold() not in header]
    if missing:
        raise BadDataSet(
            expected=f"the columns {', '.join(needed)} of the layout {layout} in {path.name}",
            received=f"a table without {', '.join(missing)}, whose first columns are {header[:8]}",
            remedy="Name the layout the data set has, or its own table",
        )
    used = [name.casefold() for name in needed]
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader, None)
            if values is None:
                return
            if values:
                row = _row(values, header, lines=reader.line_num + 1 - line)
                _check(row, used=used, filled=[name.casefold() for name in filled])
                yield line, row
        except csv.Error as error:
            found.refused.append(Refused(line, "", "not a row of CSV", str(error)))
        except BadRow as error:
            found.refused.append(Refused.because(error, line=line, file=""))


def refuse_control_characters(text: str) -> None:
    """Raise BadRow for a text that no manifest, terminal or file system can be trusted with."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise BadRow("a control character, or a byte that is no text", ascii(text[:80]))


def _next(reader: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error:
        return None


def _row(values: list[str], header: list[str], *, lines: int) -> dict[str, str]:
    if len(values) > len(header) or (lines > 1 and len(values) < len(header)):
        raise BadRow(
            f"not {len(header)} values, as the table has columns",
            f"{len(values)} values" + (f", {lines} lines read as one: is a quotation mark not closed?" * (lines > 1)),
        )
    return dict(zip(header, (value.strip() for value in values), strict=False))


def _check(row: dict[str, str], *, used: Sequence[str], filled: Sequence[str]) -> None:
    for name in used:
        row.setdefault(name, "")
        refuse_control_characters(row[name])
        if _NOT_UTF8 in row[name]:
            raise BadRow("not UTF-8 text", f"in the column {name}")
    empty = [name for name in filled if not row[name]]
    if empty:
        raise BadRow("a value is missing", f"in the column {', '.join(empty)}")
