"""From a data set's own layout to the one manifest."""

import csv
from pathlib import Path

from inference.training.dataset import Film

# The collection's own classes; what is in none of them (tuberculosis, other findings) is left out of training.
_LABELS = {
    "covid19": "covid19",
    "normal": "normal",
    "viral_pneumonia": "pneumonia",
    "bacterial_pneumonia": "pneumonia",
    "pneumonia": "pneumonia",
    "lung_opacity": "pneumonia",
}
_VALIDATION_FOLD, _TEST_FOLD = "8", "9"


def import_collection(path: Path) -> tuple[list[Film], dict[str, int]]:
    """Films of the chest X-ray collection's manifest.csv, split by its patient groups.

    path: the manifest.csv, with its columns file, fold, label, patient_id, group_id, source, view, sex, age.
    Folds 0 to 7 train, 8 validates, 9 tests; a fold is a hash of the group, so no group has two sides.
    Returns the films, and how many rows of each other label were left out.
    """
    films: list[Film] = []
    left_out: dict[str, int] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            label = _LABELS.get(row["label"])
            if label is None:
                left_out[row["label"]] = left_out.get(row["label"], 0) + 1
            else:
                films.append(_film(row, label))
    return films, left_out


def _film(row: dict[str, str], label: str) -> Film:
    split = {_VALIDATION_FOLD: "validation", _TEST_FOLD: "test"}.get(row["fold"], "train")
    return Film(
        file=row["file"],
        label=label,
        patient_id=row["patient_id"],
        group=row["group_id"],
        source=row["source"],
        view="" if row["view"] == "unknown" else row["view"],
        sex=row["sex"],
        age=row["age"],
        age_group=row["age_group"],
        split=split,
    )
