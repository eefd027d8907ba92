"""COVID-19 Radiography Database: COVID, Lung_Opacity, Normal and Viral Pneumonia, each with images/ and masks/.

Source: Chowdhury et al. 2020, Rahman et al. 2021. The database says nothing of patients, so each film stands for
itself and only identical files are held together.
"""

from pathlib import Path

from inference.training.errors import BadDataSet
from inference.training.importers.folders import is_system
from inference.training.importers.found import Found, Layout, Reading, Row

CLASSES = ("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia")
# The folder that the archive unpacks to.
_UNPACKED = "COVID-19_Radiography_Dataset"


def _read(path: Path, reading: Reading) -> Found:
    root = path / _UNPACKED if (path / _UNPACKED).is_dir() else path
    folders = sorted(root.iterdir()) if root.is_dir() else []
    classes = [folder for folder in folders if (folder / "images").is_dir()]
    if not {folder.name for folder in classes} & set(CLASSES):
        raise BadDataSet(
            expected=f"at {path} the folders {', '.join(CLASSES)}, each with images/ and masks/",
            received=f"{[folder.name for folder in folders][:8]}" if root.is_dir() else "no folder",
            remedy="Name the database's folder; classes without images/ in them are the layout folders",
        )
    found = Found(images=root)
    found.notes += [f"no folder {name}/images" for name in CLASSES if name not in {folder.name for folder in classes}]
    for folder in classes:
        _read_class(folder, found)
    return found


def _read_class(folder: Path, found: Found) -> None:
    masks = folder / "masks"
    found.left_out["lung masks"] += sum(1 for _ in masks.iterdir()) if masks.is_dir() else 0
    for file in sorted((folder / "images").iterdir()):
        if is_system(file):
            found.left_out["system files"] += 1
        else:
            found.rows.append(Row(file=file.relative_to(found.images).as_posix(), words=folder.name))


RADIOGRAPHY = Layout(
    name="radiography",
    what="COVID-19 Radiography Database, each class with images/ and masks/",
    read=_read,
    source="radiography",
)
