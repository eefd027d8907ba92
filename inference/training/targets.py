"""The figures the model was asked to reach, beside those it reached; the asked ones are the only numbers typed in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inference.training.metrics import COVERAGE, covid_label, wilson

# Kinds of the collection of odd pictures that are photographs, CT slices or films of limbs.
_MUST_REFUSE = ("natural", "ct", "xray_hip", "xray_limb", "xray_tibia", "xray_wrist")


@dataclass(frozen=True)
class Target:
    """One figure asked for: at least or at most `limit`, and what was reached, with its interval, on n films.

    reached is None where it was not measured.
    """

    what: str
    limit: float
    is_least: bool
    reached: Mapping[str, float] | None = None
    n: int = 0

    @property
    def is_met(self) -> bool | None:
        """Whether the value reached, not its interval, keeps the limit; None where it was not measured."""
        if self.reached is None:
            return None
        value = self.reached["value"]
        return value >= self.limit if self.is_least else value <= self.limit


def targets(evaluation: Mapping[str, Any], left_out: Mapping[str, Any] | None) -> tuple[list[Target], list[Target]]:
    """What was asked of the test split and the gate, and what is aimed at on hospitals never seen.

    evaluation, left_out: as stored in a bundle; left_out None where there is none. The second list is measured on
    sources that siblings of the bundle never saw, because no other hospital's films are at hand.
    """
    return list(_asked(evaluation)), list(_aimed_at(evaluation, left_out))


def _asked(evaluation: Mapping[str, Any]) -> Iterator[Target]:
    everything = evaluation["subsets"]["all"]
    covid = covid_label(evaluation["labels"])
    wanted = [("accuracy", 0.96, True), ("macro auroc", 0.99, True), ("calibration error", 0.02, False)]
    if covid is not None:
        wanted[1:1] = [(f"sensitivity {covid}", 0.96, True), (f"precision {covid}", 0.96, True)]
    wanted.append((f"error at coverage {COVERAGE:.2f}", 0.015, False))
    for name, limit, is_least in wanted:
        yield Target(name, limit, is_least, everything["figures"].get(name), _films_of(name, everything))
    gate = evaluation["refused by the gate"]
    yield Target("frontal chest X-rays refused", 0.01, False, gate.get("share"), gate["n"])
    yield _refused(evaluation)
    parity = evaluation["parity"]
    difference = dict.fromkeys(("value", "low", "high"), parity["largest_difference"])
    yield Target("largest difference of the serving graph from Keras", 1e-4, False, difference, parity["inputs"])


def _refused(evaluation: Mapping[str, Any]) -> Target:
    what = "photographs, CT slices and films of limbs refused"
    kinds = [found for kind, found in evaluation.get("not chest X-rays", {}).items() if kind in _MUST_REFUSE]
    total = sum(found["n"] for found in kinds)
    if not total:
        return Target(what, 0.95, True)
    refused = sum(found["refused"] for found in kinds)
    low, high = wilson(refused, total)
    return Target(what, 0.95, True, {"value": refused / total, "low": low, "high": high}, total)


def _aimed_at(evaluation: Mapping[str, Any], left_out: Mapping[str, Any] | None) -> Iterator[Target]:
    covid = covid_label(evaluation["labels"])
    if covid is None:
        return
    pooled = (left_out or {}).get("pooled", {"n": 0, "per label": {}, "figures": {}})
    for name, limit, is_least in (
        (f"auroc {covid}", 0.90, True),
        ("balanced accuracy", 0.80, True),
        (f"normals called {covid}", 0.05, False),
    ):
        yield Target(name, limit, is_least, pooled["figures"].get(name), _films_of(name, pooled))


def _films_of(figure: str, found: Mapping[str, Any]) -> int:
    """How many films a figure is a share of: for a sensitivity those of its label, for false alarms the normal ones."""
    label = "normal" if figure.startswith("normals called") else figure.removeprefix("sensitivity ")
    films: int = found["per label"].get(label, found["n"])
    return films
