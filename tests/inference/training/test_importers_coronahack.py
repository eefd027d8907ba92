"""CoronaHack: labels joined from three columns, films in train/ and test/."""

import pytest

from inference.training.errors import BadDataSet
from tests.inference.training.data_sets import films, imported, picture, refusals, table

HEADER = (
    "", "X_ray_image_name", "Label", "Dataset_type", "Label_2_Virus_category", "Label_1_Virus_category",
)  # fmt: skip
NAME = "Chest_xray_Corona_Metadata.csv"
# One of each combination of labels that the data set's own summary counts.
ROWS = [
    (0, "IM-0128-0001.jpeg", "Normal", "TRAIN", "", ""),
    (1, "person1_virus_6.jpeg", "Pnemonia", "TRAIN", "", "Virus"),
    (2, "1B734A89.jpeg", "Pnemonia", "TRAIN", "COVID-19", "Virus"),
    (3, "sars.jpg", "Pnemonia", "TRAIN", "SARS", "Virus"),
    (4, "person2_bacteria_9.jpeg", "Pnemonia", "TEST", "", "bacteria"),
    (5, "strep.png", "Pnemonia", "TRAIN", "Streptococcus", "bacteria"),
    (6, "ards.jpg", "Pnemonia", "TRAIN", "ARDS", "Stress-Smoking"),
    (7, "IM-0001-0001.jpeg", "Normal", "TEST", "", ""),
]


def coronahack(folder, rows=ROWS, *, below=""):
    for number, row in enumerate(rows):
        picture(folder / below / row[3].lower() / row[1], number)
    return table(folder / NAME, HEADER, rows)


def test_labels_are_joined_and_mapped(tmp_path):
    coronahack(tmp_path)
    result = imported("coronahack", tmp_path, labels="coronahack")
    assert films(result, "file", "finding", "label", "patient_id") == [
        ("train/IM-0128-0001.jpeg", "Normal", "normal", "kermany:IM-0128"),
        ("train/person1_virus_6.jpeg", "Pnemonia/Virus", "pneumonia", "kermany:person1"),
        ("train/1B734A89.jpeg", "Pnemonia/Virus/COVID-19", "pneumonia_covid", ""),
        ("train/sars.jpg", "Pnemonia/Virus/SARS", "pneumonia", ""),
        ("test/person2_bacteria_9.jpeg", "Pnemonia/bacteria", "pneumonia", "kermany:person2"),
        ("train/strep.png", "Pnemonia/bacteria/Streptococcus", "pneumonia", ""),
        ("test/IM-0001-0001.jpeg", "Normal", "normal", "kermany:IM-0001"),
    ]
    assert result.left_out == {"Pnemonia/Stress-Smoking/ARDS: not in the label set coronahack": 1}


def test_its_own_sides_are_kept_and_a_label_without_a_test_film_is_named(tmp_path):
    coronahack(tmp_path)
    result = imported("coronahack", tmp_path, labels="coronahack", keep_split=True)
    assert {film.file for film in result.films if film.split == "test"} == {
        "test/person2_bacteria_9.jpeg", "test/IM-0001-0001.jpeg"
    }  # fmt: skip
    assert "no film of pneumonia_covid in test" in result.notes


@pytest.mark.parametrize("below", ["Coronahack-Chest-XRay-Dataset/Coronahack-Chest-XRay-Dataset"])
def test_films_are_found_where_the_archive_unpacks_them(tmp_path, below):
    coronahack(tmp_path, below=below)
    result = imported("coronahack", tmp_path / NAME)
    assert result.images == tmp_path / below
    assert len(result.films) == 7


def test_bad_rows_are_listed_with_their_line(tmp_path):
    coronahack(tmp_path)
    rows = [
        *ROWS,
        (8, "x.jpeg", "Normal", "HOLDOUT", "", ""),
        (9, "", "Normal", "TRAIN", "", ""),
        (10, "y.jpeg", "Fracture", "TRAIN", "", ""),
        (11, "../../etc/passwd", "Normal", "TRAIN", "", ""),
    ]
    table(tmp_path / NAME, HEADER, rows)
    assert sorted(refusals(imported("coronahack", tmp_path))) == [
        (10, "x.jpeg", "Dataset_type is neither TRAIN nor TEST"),
        (11, "", "a value is missing"),
        (12, "train/y.jpeg", "unknown label"),
        (13, "train/../../etc/passwd", "the path leaves the data set's folder"),
    ]


def test_a_table_without_films_and_another_table_are_refused(tmp_path):
    path = table(tmp_path / NAME, HEADER, ROWS)
    with pytest.raises(BadDataSet, match="the folders train and test beside"):
        imported("coronahack", path)
    (tmp_path / "train").mkdir()
    table(path, ("patientid", "finding"), [("1", "COVID-19")])
    with pytest.raises(BadDataSet, match=r"received a table without X_ray_image_name, .*'patientid'"):
        imported("coronahack", path)
    with pytest.raises(BadDataSet, match="received nothing at"):
        imported("coronahack", tmp_path / "nowhere")
