"""covid-chestxray-dataset: metadata.csv with finding, view, patientid, folder and filename.

Source: Cohen et al. 2020, SCHEMA.md of the data set. Early versions write "COVID-19, ARDS" for
"Pneumonia/Viral/COVID-19" and have neither the column folder nor modality: their films lie in images/.
"""

from pathlib import Path, PurePosixPath

from inference.training.importers.found import BadRow, Found, Layout, Reading, Refused, Row
from inference.training.importers.patients import age_and_group
from inference.training.importers.table import rows_of, table_at

_NEEDED = ("patientid", "finding", "view", "filename")
_FRONTAL = {
    "pa": "PA",
    "ap": "AP",
    "aps": "AP",
    "ap supine": "AP",
    "ap semi erect": "AP",
    "ap erect": "AP",
}
_LEFT_OUT = {
    "l": "lateral films",
    "lateral": "lateral films",
    "axial": "CT",
    "coronal": "CT",
    "sagittal": "CT",
    "ct": "CT",
}


def _read(path: Path, reading: Reading) -> Found:
    table = table_at(path, "metadata.csv", layout="covid-chestxray")
    found = Found(images=table.parent)
    for line, row in rows_of(table, layout="covid-chestxray", needed=_NEEDED, filled=_NEEDED, found=found):
        left_out = "CT" if _is_ct(row) else _LEFT_OUT.get(row["view"].casefold())
        try:
            if left_out:
                found.left_out[left_out] += 1
            else:
                found.rows.append(_row(line, row))
        except BadRow as error:
            found.refused.append(Refused.because(error, line=line, file=row["filename"]))
    if any(row.words.casefold() == "no finding" for row in found.rows):
        found.notes.append("its 'No Finding' films are often early films of patients who fell ill; use them with care")
    return found


def _is_ct(row: dict[str, str]) -> bool:
    return row.get("modality", "").casefold() == "ct" or row.get("folder", "").casefold() == "volumes"


def _row(line: int, row: dict[str, str]) -> Row:
    view = _FRONTAL.get(row["view"].casefold())
    if view is None:
        raise BadRow("unknown view", ascii(row["view"]))
    age, age_group = age_and_group(row.get("age", ""))
    return Row(
        line=line,
        file=PurePosixPath(row.get("folder") or "images", row["filename"]).as_posix(),
        words=row["finding"],
        patient=f"covid-chestxray:{row['patientid']}",
        view=view,
        sex=row.get("sex", "").upper() if row.get("sex", "").upper() in ("M", "F") else "",
        age=age,
        age_group=age_group,
    )


COVID_CHESTXRAY = Layout(
    name="covid-chestxray",
    what="covid-chestxray-dataset, metadata.csv beside images/",
    read=_read,
    source="covid-chestxray",
)
