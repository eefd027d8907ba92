"""The chest X-ray collection that the product is trained on: manifest.csv beside images/, with groups and folds."""

from pathlib import Path

from inference.training.importers.found import BadRow, Found, Layout, Reading, Refused, Row
from inference.training.importers.table import rows_of, table_at

_FILLED = ("file", "fold", "label", "group_id", "source")
_NEEDED = (*_FILLED, "patient_id", "view", "sex", "age", "age_group")
# A fold is a hash of the group, so no group has two sides.
_SPLIT_OF_FOLD = {**{str(fold): "train" for fold in range(8)}, "8": "validation", "9": "test"}


def _read(path: Path, reading: Reading) -> Found:
    table = table_at(path, "manifest.csv", layout="collection")
    found = Found(images=table.parent / "images")
    for line, row in rows_of(table, layout="collection", needed=_NEEDED, filled=_FILLED, found=found):
        try:
            found.rows.append(_row(line, row))
        except BadRow as error:
            found.refused.append(Refused.because(error, line=line, file=row["file"]))
    return found


def _row(line: int, row: dict[str, str]) -> Row:
    if row["fold"] not in _SPLIT_OF_FOLD:
        raise BadRow("the fold is none of 0 to 9", ascii(row["fold"]))
    return Row(
        line=line,
        file=row["file"],
        words=row["label"],
        patient=row["patient_id"],
        group=row["group_id"],
        source=row["source"],
        split=_SPLIT_OF_FOLD[row["fold"]],
        view="" if row["view"] == "unknown" else row["view"],
        sex=row["sex"],
        age=row["age"],
        age_group=row["age_group"],
    )


COLLECTION = Layout(
    name="collection",
    what="manifest.csv with patient groups and folds, beside images/",
    read=_read,
    keeps_split=True,
)
