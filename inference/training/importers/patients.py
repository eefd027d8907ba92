"""The patient in a file's name, where the name tells, and the age group of an age."""

import re
from pathlib import PurePosixPath

from inference.training.importers.found import Reading

# Kermany 2018 and what was copied from it (CoronaHack): person12_virus_34.jpeg, IM-0115-0001.jpeg,
# NORMAL2-IM-0383-0001.jpeg. A number stands for one child, whichever folder and infection it is found under.
_KERMANY = re.compile(r"(person\d+)_(?:bacteria|virus)_|((?:NORMAL2-)?IM-\d{4})-\d{4}")
_ADULT = 18


def patient_of(file: str, reading: Reading) -> str:
    """The patient that a file's name tells of, or "" where it tells of none."""
    name = PurePosixPath(file).name
    if reading.patient is not None:
        found = reading.patient.search(name)
        # Two hospitals number their patients alike.
        return f"{reading.source}:{found.group(1)}" if found and found.group(1) else ""
    found = _KERMANY.match(name)
    return f"kermany:{found.group(1) or found.group(2)}" if found else ""


def age_and_group(text: str) -> tuple[str, str]:
    """An age in years as a whole number, and "adult", "paediatric" or "unknown"; ("", "unknown") for no age."""
    try:
        years = float(text)
    except ValueError:
        return "", "unknown"
    if not 0 <= years <= 120:
        return "", "unknown"
    return str(int(years)), "adult" if years >= _ADULT else "paediatric"
