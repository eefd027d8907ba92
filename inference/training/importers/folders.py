"""A folder per class, with or without a level of train, test and validation above the classes."""

from collections.abc import Iterator
from pathlib import Path

from inference.training.errors import BadDataSet
from inference.training.findings import finding_of
from inference.training.importers.found import Found, Layout, Reading, Refused, Row
from inference.training.importers.patients import patient_of

SPLIT_OF_FOLDER = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
# Left by unpacking on other systems; never films.
_SYSTEM = {"__macosx", "thumbs.db", "desktop.ini"}


def is_system(path: Path) -> bool:
    """Whether a file or folder was left by an operating system and not by the data set's makers."""
    return path.name.startswith(".") or path.name.casefold() in _SYSTEM


def _read(path: Path, reading: Reading) -> Found:
    classes = list(_classes(path)) if path.is_dir() else []
    if not any(finding_of(folder.name, also=reading.words) for folder, _ in classes):
        raise BadDataSet(
            expected=f"at {path} a folder per class (such as covid, normal, pneumonia), or train and test above them",
            received=f"the folders {[folder.name for folder, _ in classes][:8]}" if path.is_dir() else "no folder",
            remedy="Name the folder that holds the classes, or say what a class means: --finding FOLDER=FINDING",
        )
    found = Found(images=path)
    for folder, split in classes:
        for file in sorted(folder.iterdir()):
            if is_system(file):
                found.left_out["system files"] += 1
            elif file.is_dir():
                _refuse_below(file, found)
            else:
                name = file.relative_to(path).as_posix()
                found.rows.append(Row(file=name, words=folder.name, split=split, patient=patient_of(name, reading)))
    return found


def _classes(path: Path) -> Iterator[tuple[Path, str]]:
    for folder in _folders(path):
        split = SPLIT_OF_FOLDER.get(folder.name.casefold())
        if split is None:
            yield folder, ""
        else:
            yield from ((below, split) for below in _folders(folder))


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not is_system(entry))


def _refuse_below(folder: Path, found: Found) -> None:
    # Masks lie in such folders as often as films do.
    name = folder.relative_to(found.images).as_posix()
    found.refused.append(Refused(None, f"{name}/", "a folder inside a class's folder; films lie in the class's folder"))


FOLDERS = Layout(name="folders", what="a folder per class, with or without train/test[/val] above", read=_read)
