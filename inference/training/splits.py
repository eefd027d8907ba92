"""Who trains, who validates, who tests: by patient and duplicate group, and by source."""

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.training.dataset import Film

# What films can share: a group their data set made, a patient, the content of a file.
KINDS = ("group", "patient", "file")


@dataclass(frozen=True, kw_only=True)
class SplitPlan:
    """How groups are dealt to the sides; the same plan deals a group alike whatever else is imported.

    seed: another seed, another split. validation, test: share of the groups, 0 to 1; the rest trains.
    """

    seed: int = 1
    validation: float = 0.1
    test: float = 0.1


def groups_of(keys: Sequence[Sequence[tuple[str, str]]]) -> list[str]:
    """The group of each film: films that share a key, or are linked by others that do, share a group.

    keys: of each film, (kind, value) pairs in the order of `KINDS`; at least one.
    Returns each film's group, named by the smallest value of the first kind any member has, so that a group's name,
    and with it its side of the split, does not hang on the order of the films.
    """
    parent: dict[Hashable, Hashable] = {}

    def root(node: Hashable) -> Hashable:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for film in keys:
        for key in film[1:]:
            parent[root(key)] = root(film[0])
    names: dict[Hashable, tuple[int, str]] = {}
    for film in keys:
        name = KINDS.index(film[0][0]), film[0][1]
        names[root(film[0])] = min(name, names.get(root(film[0]), name))
    return [names[root(film[0])][1] for film in keys]


def side_of(group: str, plan: SplitPlan) -> str:
    """The side a group is dealt to by its hash: "train", "validation" or "test"."""
    share = _share(group, plan)
    if share < plan.test:
        return "test"
    return "validation" if share < plan.test + plan.validation else "train"


def deal(groups: Sequence[str], hints: Sequence[str], plan: SplitPlan) -> tuple[dict[str, str], list[str]]:
    """The side of every group; use once per manifest.

    groups, hints: of each film, its group and the side its data set gives it ("" where that is not kept).
    A group whose films have different sides trains. Where kept sides include no validation, some of the groups
    that were to train validate, by the plan's share.
    Returns the side per group, and the groups that stood on more than one side.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for group, hint in zip(groups, hints, strict=True):
        wanted[group] |= {hint} - {""}
    lacks_validation = any(hints) and "validation" not in hints
    sides = {}
    for group, given in wanted.items():
        sides[group] = side_of(group, plan) if not given else next(iter(given)) if len(given) == 1 else "train"
        if lacks_validation and given == {"train"} and _share(group, plan) < plan.validation:
            sides[group] = "validation"
    return sides, sorted(group for group, given in wanted.items() if len(given) > 1)


def _share(group: str, plan: SplitPlan) -> float:
    # A hash and no random draw: adding a data set moves no group of another one.
    digest = hashlib.sha256(f"{plan.seed}:{group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


@dataclass(frozen=True)
class SourceFold:
    """One source left out: `inside` are the films to train on, `outside` the source's own.

    severed: films of other sources that share a group with the source; they are on neither side.
    """

    source: str
    inside: "tuple[Film, ...]"
    outside: "tuple[Film, ...]"
    severed: "tuple[Film, ...]"

    @property
    def labels_lost(self) -> tuple[str, ...]:
        """Labels that stand outside and nowhere inside: a network trained inside cannot know them."""
        return tuple(sorted({film.label for film in self.outside} - {film.label for film in self.inside}))


def leave_one_source_out(films: "Sequence[Film]") -> list[SourceFold]:
    """For each source, in the order of their names, who is in and who is out; use for leave-one-source-out.

    films: of one or several splits. Each film's own split stays as it is, so that `inside` can be trained and
    validated. Returns no fold when there is only one source, since nothing would be left to train on.
    """
    by_source: Mapping[str, list[Film]] = defaultdict(list)
    for film in films:
        by_source[film.source].append(film)
    return [_fold(source, by_source[source], films) for source in sorted(by_source) if len(by_source) > 1]


def _fold(source: str, outside: "Sequence[Film]", films: "Sequence[Film]") -> SourceFold:
    groups = {film.group for film in outside}
    others = [film for film in films if film.source != source]
    return SourceFold(
        source,
        inside=tuple(film for film in others if film.group not in groups),
        outside=tuple(outside),
        severed=tuple(film for film in others if film.group in groups),
    )
