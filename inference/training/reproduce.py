"""Measures a bundle again on a copy, and says where the figures differ from those it holds."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.engine.bundle import EVALUATION
from inference.training.dataset import Manifest
from inference.training.evaluate import evaluate

# Another processor rounds otherwise, and a film on the edge of two answers then falls on the other side.
TOLERANCE = 0.005


@dataclass(frozen=True)
class Difference:
    """A figure of the evaluation, by its path, that came out otherwise; None where one side has none."""

    path: str
    stored: float | None
    found: float | None

    def __str__(self) -> str:
        return f"{self.path}: stored {self.stored}, now {self.found}"


def reproduce(bundle: Path, manifest: Manifest, *, data: Path, out: Path) -> list[Difference]:
    """Evaluate a copy of a bundle; use to check that a committed evaluation is what the films give.

    data: folder with images/, masks/ and ood/. out: folder of the copy, replaced when it is there. The bundle itself,
    which may be registered and serving, stays as it is. Returns the figures that differ by more than 0.005.
    Raises BadBundle, and OSError when the bundle has no evaluation.
    """
    stored = json.loads((bundle / EVALUATION).read_text())
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(bundle, out)
    evaluate(out, manifest, images=data / "images", data=data, split=stored["split"])
    return differences(stored, json.loads((out / EVALUATION).read_text()))


def differences(
    stored: Mapping[str, Any], found: Mapping[str, Any], *, tolerance: float = TOLERANCE
) -> list[Difference]:
    """Figures (shares, counts and their intervals) in which two evaluations differ; points of curves are left out."""
    left, right = dict(_numbers(stored)), dict(_numbers(found))
    return [
        Difference(path, left.get(path), right.get(path))
        for path in sorted(left.keys() | right.keys())
        if path not in left or path not in right or abs(left[path] - right[path]) > tolerance
    ]


def _numbers(found: Any, path: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(found, Mapping):
        for name, value in found.items():
            # Points of a curve move along it when one film does.
            if path or name not in ("curves", "failures", "plots"):
                yield from _numbers(value, f"{path} > {name}" if path else str(name))
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for index, value in enumerate(found):
            yield from _numbers(value, f"{path} > {index}")
    elif isinstance(found, int | float):
        yield path, float(found)
