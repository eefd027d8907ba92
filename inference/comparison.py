"""Two versions side by side, in the main figures that each was registered with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference.models import ModelVersion


@dataclass(frozen=True)
class Value:
    """A measured figure with its 95 % interval; all empty when it was not measured."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """One figure of both versions."""

    figure: str
    new: Value
    present: Value


@dataclass(frozen=True)
class Films:
    """The figures on one set of films: what set, how many of them each version was measured on, the lines."""

    name: str
    new_n: int | None
    present_n: int | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Comparison:
    """A version beside the active one.

    Args:
        present: the active version.
        films: one table per set of films.
        is_same_films: both were measured on the same split of the same manifest; else the figures are no contest.
    """

    present: ModelVersion
    films: tuple[Films, ...]
    is_same_films: bool


def compare(version: ModelVersion, present: ModelVersion | None) -> Comparison | None:
    """Return a version's main figures beside those of the active one; None when there is no other to compare with."""
    if present is None or present.pk == version.pk:
        return None
    new, now = _sets_of(version), _sets_of(present)
    films = tuple(_films(name, new.get(name, {}), now.get(name, {})) for name in [*new, *(now.keys() - new.keys())])
    return Comparison(present, films, is_same_films=_measured_on(version) == _measured_on(present))


def _sets_of(version: ModelVersion) -> dict[str, Mapping[str, Any]]:
    metrics = version.card.get("metrics", {})
    return {name: found for name, found in metrics.items() if isinstance(found, Mapping) and "figures" in found}


def _measured_on(version: ModelVersion) -> tuple[object, object]:
    return version.card.get("manifest_sha256"), version.card.get("metrics", {}).get("split")


def _films(name: str, new: Mapping[str, Any], present: Mapping[str, Any]) -> Films:
    new_figures, present_figures = new.get("figures", {}), present.get("figures", {})
    names = [*new_figures, *(figure for figure in present_figures if figure not in new_figures)]
    lines = tuple(
        Line(figure, Value(**new_figures.get(figure, {})), Value(**present_figures.get(figure, {}))) for figure in names
    )
    return Films(name, new.get("n"), present.get("n"), lines)
