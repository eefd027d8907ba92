"""covid-chestxray-dataset: findings of all its versions, laterals and CT left out, patients held together."""

from tests.inference.training.data_sets import films, imported, picture, refusals, table

HEADER = ("patientid", "sex", "age", "finding", "view", "modality", "folder", "filename", "")
ROWS = [
    ("2", "M", "65", "Pneumonia/Viral/COVID-19", "PA", "X-ray", "images", "a.jpeg", ""),
    ("2", "M", "65", "Pneumonia/Viral/COVID-19", "L", "X-ray", "images", "b.jpeg", ""),
    ("2", "M", "65", "No Finding", "AP Supine", "X-ray", "images", "c.jpeg", ""),
    ("3", "F", "9", "Pneumonia/Viral/Herpes ", "AP semi erect", "X-ray", "images", "d.png", ""),
    ("4", "", "", "Pneumonia/Viral/COVID-19", "Axial", "CT", "volumes", "e.nii.gz", ""),
    ("4", "", "", "Pneumonia/Viral/COVID-19", "Coronal", "X-ray", "images", "f.png", ""),
    ("5", "", "x", "Pneumonia/Bacterial/Staphylococcus/MRSA", "AP", "X-ray", "images", "g.png", ""),
    ("6", "F", "71.0", "COVID-19, ARDS", "AP", "X-ray", "images", "h.png", ""),
    ("7", "M", "40", "Tuberculosis", "PA", "X-ray", "images", "i.png", ""),
    ("8", "M", "40", "todo", "PA", "X-ray", "images", "j.png", ""),
    ("9", "M", "40", "Unknown", "PA", "X-ray", "images", "k.png", ""),
    ("", "M", "40", "Pneumonia", "PA", "X-ray", "images", "l.png", ""),
    ("10", "M", "40", "Pneumonia", "oblique", "X-ray", "images", "m.png", ""),
    ("11", "M", "40", "Pneumonia", "PA", "X-ray", "images", "/etc/passwd", ""),
]


def data_set(folder, rows=ROWS, header=HEADER):
    for number, row in enumerate(rows):
        if row[header.index("filename")].endswith(("png", "jpeg")):
            picture(folder / "images" / row[header.index("filename")], number)
    return table(folder / "metadata.csv", header, rows)


def test_frontal_films_with_a_known_finding_are_imported(tmp_path):
    result = imported("covid-chestxray", data_set(tmp_path))
    assert films(result, "file", "label", "finding", "patient_id", "view", "sex", "age", "age_group") == [
        ("images/a.jpeg", "covid19", "Pneumonia/Viral/COVID-19", "covid-chestxray:2", "PA", "M", "65", "adult"),
        ("images/c.jpeg", "normal", "No Finding", "covid-chestxray:2", "AP", "M", "65", "adult"),
        ("images/d.png", "pneumonia", "Pneumonia/Viral/Herpes", "covid-chestxray:3", "AP", "F", "9", "paediatric"),
        ("images/g.png", "pneumonia", "Pneumonia/Bacterial/Staphylococcus/MRSA", "covid-chestxray:5", "AP", "", "",
         "unknown"),
        ("images/h.png", "covid19", "COVID-19, ARDS", "covid-chestxray:6", "AP", "F", "71", "adult"),
    ]  # fmt: skip


def test_laterals_and_ct_are_left_out_and_counted(tmp_path):
    result = imported("covid-chestxray", data_set(tmp_path))
    assert result.left_out == {
        "lateral films": 1, "CT": 2, "Tuberculosis: not in the label set covid-normal-pneumonia": 1
    }  # fmt: skip
    assert any("No Finding" in note for note in result.notes)


def test_what_cannot_be_imported_is_listed_with_its_line(tmp_path):
    result = imported("covid-chestxray", data_set(tmp_path))
    assert sorted(refusals(result)) == [
        (11, "images/j.png", "unknown label"),
        (12, "images/k.png", "unknown label"),
        (13, "", "a value is missing"),
        (14, "m.png", "unknown view"),
        (15, "/etc/passwd", "the path leaves the data set's folder"),
    ]


def test_a_patients_films_are_one_group(tmp_path):
    result = imported("covid-chestxray", data_set(tmp_path))
    assert [film.group for film in result.films].count("covid-chestxray:2") == 2


def test_an_early_version_without_folder_and_modality_is_read(tmp_path):
    header = ("Patientid", "offset", "sex", "age", "finding", "survival", "view", "filename", "notes")
    rows = [
        ("1", "", "", "", "COVID-19", "", "PA", "a.jpeg", 'two\nlines, and a "word"'),
        ("3", "4", "M", "74", "SARS", "N", "PA", "b.jpeg", ""),
        ("17", "9", "M", "54", "COVID-19", "Y", "CT", "c.jpeg", ""),
    ]
    result = imported("covid-chestxray", data_set(tmp_path, rows, header))
    assert films(result, "file", "label") == [("images/a.jpeg", "covid19"), ("images/b.jpeg", "pneumonia")]
    assert result.left_out == {"CT": 1}
