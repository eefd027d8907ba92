"""What a plot is drawn from, as tables beneath it: a drawing alone tells a screen reader nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from inference.markdown import Cell, Document, Figure, Part, Run, Table

# Rows a person reads; a curve has two hundred points.
MOST_ROWS = 11


def with_tables(document: Document, curves: Mapping[str, Any]) -> Document:
    """Return the document with the tables of every picture whose points are known.

    Args:
        curves: points by the picture's name; `risk-coverage` is that of model-risk-coverage.svg. Coordinates by name,
            or those by label, or rows.
    """

    def drawn(part: Part) -> Part:
        if not isinstance(part, Figure):
            return part
        name = part.file.removeprefix("model-").removesuffix(".svg")
        return replace(part, tables=tuple(_tables(curves[name]))) if name in curves else part

    sections = tuple(replace(each, parts=tuple(map(drawn, each.parts))) for each in document.sections)
    return replace(document, opening=tuple(map(drawn, document.opening)), sections=sections)


def _tables(points: Any, name: str = "") -> Iterator[tuple[str, Table]]:
    if isinstance(points, Mapping) and all(isinstance(one, Mapping) for one in points.values()):
        for label, one in points.items():
            yield from _tables(one, label)
    elif isinstance(points, Mapping):
        yield name, _table(list(points), list(zip(*points.values(), strict=True)))
    elif points:
        yield name, _table(list(points[0]), [list(row.values()) for row in points])


def _table(head: Sequence[str], rows: Sequence[Sequence[float]]) -> Table:
    last = len(rows) - 1
    shown = sorted({round(last * step / (MOST_ROWS - 1)) for step in range(MOST_ROWS)})
    return Table(
        head=tuple(Cell((Run(name),)) for name in head),
        rows=tuple(tuple(Cell((Run(f"{value:.4g}"),)) for value in rows[index]) for index in shown),
    )
