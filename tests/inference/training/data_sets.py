"""Small data sets in the public layouts, drawn for tests; every film differs from every other unless it is a copy."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from inference.training.importers import DataSet, import_data
from inference.training.label_sets import label_set


def picture(path: Path, seed: int) -> Path:
    """Write a picture of 8 x 8 pixels, in the format of the name's ending, that is the seed's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def table(path: Path, header: tuple[str, ...], rows: list[tuple]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def imported(layout: str, path: Path, *, labels: str = "covid-normal-pneumonia", **more):
    return import_data([DataSet(layout, path)], labels=label_set(labels), **more)


def refusals(result) -> list[tuple]:
    return [(one.line, one.file, one.reason) for _, one in result.refused]


def films(result, *names: str) -> list[tuple]:
    """The chosen columns of the films, in order."""
    return [tuple(getattr(film, name) for name in names) for film in result.films]
