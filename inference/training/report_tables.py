"""Tables of the model card: figures with their intervals, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NOT_MEASURED = "Not measured for this bundle."
NONE = "–"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a bar within a cell would end it, so it is written as a slash."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |" for line in lines)


def cell(figure: Mapping[str, float] | None) -> str:
    """A figure with its 95 % interval, or a dash where it is not defined."""
    if figure is None:
        return NONE
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def figures_table(sets: Mapping[str, Mapping[str, Any]], names: Sequence[str], *, first: str = "films") -> str:
    """One line a set of films: its name, n, and the named figures; a figure that no set has is left out.

    sets: by name, each with `n` and `figures`. first: head of the first column.
    """
    shown = [name for name in names if any(name in found["figures"] for found in sets.values())]
    rows = [(films, found["n"], *(cell(found["figures"].get(name)) for name in shown)) for films, found in sets.items()]
    return table((first, "n", *shown), rows)


def percent(figure: Mapping[str, float]) -> str:
    """A share with its 95 % interval, in per cent."""
    return f"{figure['value']:.1%} ({figure['low']:.1%} to {figure['high']:.1%})"
