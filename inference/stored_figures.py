"""The figures of a bundle as they are stored: for one that another release of Lightbox measured."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from inference.markdown import Cell, Document, Paragraph, Part, Run, Section, Table

# Of long rows of numbers (curves, weights) only their length is told.
_MOST_ROWS = 100


def document(name: str, files: Mapping[str, Mapping[str, Any]]) -> Document:
    """Return the contents of JSON files as tables, one section for each of their entries.

    Args:
        name: of the version, for the title.
        files: what each file says, by what to call the file.
    """
    sections = []
    for title, content in files.items():
        plain = {key: value for key, value in content.items() if _is_plain(value)}
        if plain:
            sections.append(Section(title, (_pairs(plain),)))
        others = ((key, value) for key, value in content.items() if key not in plain)
        sections.extend(Section(f"{title}: {_words(key)}", tuple(_parts(value))) for key, value in others)
    return Document(f"Stored figures: {name}", (), tuple(sections))


def _parts(value: Any) -> Iterator[Part]:
    if isinstance(value, Mapping):
        sets = {"": value} if _has_figures(value) else value
        measured = {name: one for name, one in sets.items() if _has_figures(one)}
        others = {name: one for name, one in sets.items() if name not in measured}
        if measured:
            yield from _measured(measured)
        if others:
            yield _pairs(dict(_flat(others)))
    elif value and all(isinstance(one, Mapping) for one in value[:_MOST_ROWS]):
        names = list(dict.fromkeys(name for one in value[:_MOST_ROWS] for name in one))
        yield _table(names, [[one.get(name) for name in names] for one in value[:_MOST_ROWS]])
    elif value and all(_is_list(one) for one in value[:_MOST_ROWS]):
        width = max(len(one) for one in value[:_MOST_ROWS])
        yield _table([str(column) for column in range(1, width + 1)], value[:_MOST_ROWS])
    else:
        yield Paragraph((Run(_text(value)),))


def _measured(sets: Mapping[str, Mapping[str, Any]]) -> Iterator[Part]:
    """Figures with their intervals, a row for each set of films."""
    names = list(dict.fromkeys(figure for found in sets.values() for figure in found["figures"]))
    rows = [
        [name or "all", found.get("n"), *(_interval(found["figures"].get(figure)) for figure in names)]
        for name, found in sets.items()
    ]
    yield _table(["films", "n", *names], rows)


def _interval(found: Any) -> Any:
    if isinstance(found, Mapping) and {"value", "low", "high"} <= found.keys():
        return f"{_text(found['value'])} ({_text(found['low'])} to {_text(found['high'])})"
    return found


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, one in value.items():
        name = f"{before}{_words(key)}"
        if isinstance(one, Mapping):
            yield from _flat(one, f"{name}, ")
        else:
            yield name, one


def _pairs(values: Mapping[str, Any]) -> Table:
    return _table(["what", "value"], [[_words(name), value] for name, value in values.items()])


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    return Table(
        head=tuple(Cell((Run(_words(name)),)) for name in head),
        rows=tuple(tuple(Cell((Run(_text(value)),)) for value in row) for row in rows),
    )


def _words(name: Any) -> str:
    return str(name).replace("_", " ")


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if 0.001 <= abs(value) < 1000 else f"{value:.4g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{_words(name)} {_text(one)}" for name, one in value.items())
    if _is_list(value):
        return f"{len(value)} values" if len(value) > _MOST_ROWS else ", ".join(_text(one) for one in value)
    return str(value)


def _has_figures(value: Any) -> bool:
    return isinstance(value, Mapping) and "figures" in value


def _is_plain(value: Any) -> bool:
    return not isinstance(value, Mapping | list | tuple)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
