"""The training manifest: its films, its checks, and how often each film is drawn."""

import csv
import hashlib
import io
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inference.engine.errors import UnreadableImage
from inference.engine.read_raster import grey_values
from inference.engine.read_window import as_stored, stretch

SPLITS = ("train", "validation", "test")


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
# What Pillow throws at bad bytes.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip


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
    # A manifest is there whole or not at all: half of one would train as well as the whole, and nobody would know.
    partial = path.with_suffix(".partial")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([getattr(film, name) for name in COLUMNS] for film in films)
    partial.replace(path)


def read_manifest(path: Path, *, labels: Sequence[str]) -> Manifest:
    """Read and check a manifest; use before training and evaluation.

    labels: the finding labels the run knows.
    Raises ValueError for missing columns, an unknown label or split, or a group on two sides of the split.
    """
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"Expected UTF-8 text in {path}; received {error}. Import the data again.") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
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
    """Decode one training film to (H, W) float32 in 0..1, in the greys the product shows; raises UnreadableImage."""
    try:
        with Image.open(path) as image:
            values = grey_values(ImageOps.exif_transpose(image))
    except _DECODER_ERRORS as error:
        raise UnreadableImage(
            expected=f"a picture at {path}", received=str(error), remedy="Remove its row or restore the file"
        ) from error
    return stretch(values)[0] if values.dtype == np.uint16 else as_stored(values, bits=8)


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
