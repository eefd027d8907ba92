"""The training manifest and its films as arrays, preprocessed once and kept in a cache."""

import csv
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.engine.errors import UnreadableImage
from inference.engine.preprocess import VERSION, to_input

SPLITS = ("train", "validation", "test")
# A run with more unreadable films than this has a broken data folder, not a few bad files.
MOST_UNREADABLE = 0.01


@dataclass(frozen=True)
class Film:
    """One row of the manifest: one film and what is known of it; unknown facts are empty.

    label: the finding label of the chosen label set. finding: the source's own, finer words for it.
    """

    file: str
    label: str
    patient_id: str
    group: str
    source: str
    view: str
    sex: str
    age: str
    age_group: str
    split: str
    finding: str = ""


COLUMNS = tuple(field.name for field in fields(Film))
# A manifest written before a column came to be is still the manifest its run recorded, and is read.
_NEEDED = tuple(field.name for field in fields(Film) if field.default is MISSING)


@dataclass(frozen=True)
class Manifest:
    """A manifest's films and the SHA-256 of its file, which a run records."""

    films: tuple[Film, ...]
    sha256: str

    def of_split(self, split: str, *, without_sources: Iterable[str] = ()) -> list[Film]:
        """The films of one split, in the file's order, less those of the sources left out."""
        return [film for film in self.films if film.split == split and film.source not in set(without_sources)]


def write_manifest(films: Iterable[Film], path: Path) -> None:
    """Write the manifest CSV to `path`; use at the end of an importer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(film, name) for name in COLUMNS] for film in films)


def read_manifest(path: Path, *, labels: Sequence[str]) -> Manifest:
    """Read and check a manifest; use before training and evaluation.

    labels: the finding labels the run knows.
    Raises ValueError for missing columns, an unknown label or split, or a group on two sides of the split.
    """
    content = path.read_bytes()
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    missing = set(_NEEDED) - set(reader.fieldnames or ())
    if missing:
        raise ValueError(f"Expected the columns {_NEEDED} in {path}; missing {sorted(missing)}. Import the data again.")
    films = [_film_of(row, f"line {reader.line_num} of {path}", labels) for row in reader]
    if not films:
        raise ValueError(f"Expected at least one film in {path}; received none. Import the data again.")
    _refuse_split_groups(films)
    return Manifest(tuple(films), hashlib.sha256(content).hexdigest())


def _film_of(row: dict[str, str], where: str, labels: Sequence[str]) -> Film:
    if None in row or None in row.values():
        raise ValueError(
            f"Expected one value a column at {where}; received more or fewer. "
            "Quote a value that holds a comma, or import the data again."
        )
    if row["label"] not in labels or row["split"] not in SPLITS:
        raise ValueError(
            f"Expected a label among {tuple(labels)} and a split among {SPLITS} at {where}; "
            f"received {row['label']!r}, {row['split']!r}. Correct the line or the run's labels."
        )
    return Film(**{name: row[name] for name in COLUMNS if name in row})


def _refuse_split_groups(films: Sequence[Film]) -> None:
    sides: dict[str, str] = {}
    for film in films:
        side = sides.setdefault(film.group, film.split)
        if side != film.split:
            raise ValueError(
                f"Expected each group on one side of the split; received {film.group} in {side} and {film.split}. "
                "Split by group, never by film."
            )


def read_film(path: Path) -> NDArray[np.float32]:
    """Decode one training film to (H, W) float32 in 0..1; raises UnreadableImage."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L"), dtype=np.float32) / 255.0
    except (OSError, SyntaxError, ValueError) as error:
        raise UnreadableImage(
            expected=f"a picture at {path}", received=str(error), remedy="Remove its row or restore the file"
        ) from error


def _input_of(path: Path, size: int) -> NDArray[np.uint8] | None:
    try:
        return np.round(to_input(read_film(path), size=size)[..., 0] * 255.0).astype(np.uint8)
    except UnreadableImage:
        return None


def load_inputs(films: Sequence[Film], *, images: Path, size: int, cache: Path) -> tuple[NDArray[np.uint8], list[Film]]:
    """Preprocess films, or map the cached result; use for training and evaluation.

    images: folder the manifest's `file` column is relative to.
    size: side in pixels. cache: folder for the arrays, made when missing.
    Returns (n, size, size) uint8 (memory-mapped, 255 = 1.0) and the films in that order, less the unreadable.
    Raises UnreadableImage when more than 1 % of the films cannot be read.
    """
    key = hashlib.sha256(json.dumps([VERSION, size, str(images), [film.file for film in films]]).encode())
    path = cache / f"{key.hexdigest()[:16]}-{size}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _write_cache(films, images=images, size=size, path=path)
    kept = np.load(path.with_suffix(".kept.npy"))
    return np.load(path, mmap_mode="r"), [films[index] for index in kept]


def _write_cache(films: Sequence[Film], *, images: Path, size: int, path: Path) -> None:
    paths = [images / film.file for film in films]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        inputs = list(pool.map(_input_of, paths, [size] * len(paths), chunksize=64))
    kept = [index for index, found in enumerate(inputs) if found is not None]
    bad = [film.file for film, found in zip(films, inputs, strict=True) if found is None]
    if len(bad) > MOST_UNREADABLE * len(films):
        raise UnreadableImage(
            expected=f"at most {MOST_UNREADABLE:.0%} unreadable films",
            received=f"{len(bad)} of {len(films)}, the first {bad[:5]}",
            remedy="Check the images folder",
        )
    np.save(path.with_suffix(".kept.npy"), np.array(kept, dtype=np.int64))
    partial = path.with_suffix(".partial.npy")
    np.save(partial, np.stack([found for found in inputs if found is not None]))
    partial.replace(path)


def sampling_weights(films: Sequence[Film], *, source_exponent: float) -> NDArray[np.float64]:
    """Chance of each film in a balanced draw, summing to 1; use for training batches.

    Classes are equally likely. Within a class a source's chance is its count to `source_exponent`, because
    one large source per class would otherwise be the class.
    """
    per_source = Counter((film.label, film.source) for film in films)
    per_class: dict[str, float] = {}
    for (label, _), count in per_source.items():
        per_class[label] = per_class.get(label, 0.0) + count**source_exponent
    weights = np.array(
        [
            per_source[film.label, film.source] ** (source_exponent - 1.0) / (per_class[film.label] * len(per_class))
            for film in films
        ]
    )
    return weights / weights.sum()
