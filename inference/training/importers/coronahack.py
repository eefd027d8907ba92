"""CoronaHack: Chest_xray_Corona_Metadata.csv beside the films' train/ and test/.

Its columns: X_ray_image_name, Label (Normal, Pnemonia), Dataset_type (TRAIN, TEST), Label_2_Virus_category (COVID-19,
SARS, Streptococcus, ARDS or nothing), Label_1_Virus_category (Virus, bacteria, Stress-Smoking or nothing).
"""

from pathlib import Path, PurePosixPath

from inference.training.errors import BadDataSet
from inference.training.importers.found import BadRow, Found, Layout, Reading, Refused, Row
from inference.training.importers.patients import patient_of
from inference.training.importers.table import rows_of, table_at

_TABLE = "Chest_xray_Corona_Metadata.csv"
_FILLED = ("X_ray_image_name", "Label", "Dataset_type")
_NEEDED = (*_FILLED, "Label_2_Virus_category", "Label_1_Virus_category")
# As unpacked, the films lie one or two folders of the same name below the table.
_IMAGES = "Coronahack-Chest-XRay-Dataset"


def _read(path: Path, reading: Reading) -> Found:
    table = table_at(path, _TABLE, layout="coronahack")
    found = Found(images=_images(table.parent))
    for line, row in rows_of(table, layout="coronahack", needed=_NEEDED, filled=_FILLED, found=found):
        try:
            found.rows.append(_row(line, row, reading))
        except BadRow as error:
            found.refused.append(Refused.because(error, line=line, file=row["x_ray_image_name"]))
    return found


def _images(folder: Path) -> Path:
    for images in (folder / _IMAGES / _IMAGES, folder / _IMAGES, folder):
        if (images / "train").is_dir() or (images / "test").is_dir():
            return images
    raise BadDataSet(
        expected=f"the folders train and test beside {_TABLE}, or in {_IMAGES}",
        received=f"neither in {folder}",
        remedy="Unpack the films beside the table",
    )


def _row(line: int, row: dict[str, str], reading: Reading) -> Row:
    split = {"train": "train", "test": "test"}.get(row["dataset_type"].casefold())
    if split is None:
        raise BadRow("Dataset_type is neither TRAIN nor TEST", ascii(row["dataset_type"]))
    words = (row["label"], row["label_1_virus_category"], row["label_2_virus_category"])
    file = PurePosixPath(split, row["x_ray_image_name"]).as_posix()
    return Row(
        line=line,
        file=file,
        words="/".join(word for word in words if word),
        split=split,
        patient=patient_of(file, reading),
    )


CORONAHACK = Layout(
    name="coronahack", what=f"CoronaHack, {_TABLE} with train/ and test/", read=_read, source="coronahack"
)
