"""COVID-19 Radiography Database: its four classes, its masks left out."""

import pytest

from inference.training.errors import BadDataSet
from tests.inference.training.data_sets import films, imported, picture, refusals

CLASSES = ("COVID", "Lung_Opacity", "Normal", "Viral Pneumonia")


@pytest.fixture
def database(tmp_path):
    for number, name in enumerate(CLASSES):
        for index in (1, 2):
            picture(tmp_path / name / "images" / f"{name}-{index}.png", 10 * number + index)
            picture(tmp_path / name / "masks" / f"{name}-{index}.png", 100 + 10 * number + index)
    (tmp_path / "COVID.metadata.xlsx").write_bytes(b"PK")
    return tmp_path


def test_its_four_classes_are_four_labels(database):
    result = imported("radiography", database, labels="four")
    assert films(result, "file", "label", "source")[::2] == [
        ("COVID/images/COVID-1.png", "covid19", "radiography"),
        ("Lung_Opacity/images/Lung_Opacity-1.png", "lung_opacity", "radiography"),
        ("Normal/images/Normal-1.png", "normal", "radiography"),
        ("Viral Pneumonia/images/Viral Pneumonia-1.png", "viral_pneumonia", "radiography"),
    ]
    assert result.left_out == {"lung masks": 8}
    assert result.refused == []


def test_its_classes_are_three_labels_of_the_product(database):
    assert {film.label for film in imported("radiography", database).films} == {"covid19", "pneumonia", "normal"}


def test_the_folder_it_is_unpacked_into_serves_as_well(tmp_path):
    picture(tmp_path / "COVID-19_Radiography_Dataset" / "COVID" / "images" / "COVID-1.png", 1)
    result = imported("radiography", tmp_path)
    assert films(result, "file") == [("COVID/images/COVID-1.png",)]
    assert [note for note in result.notes if note.startswith("no folder")] == [
        "no folder Lung_Opacity/images", "no folder Normal/images", "no folder Viral Pneumonia/images"
    ]  # fmt: skip


def test_a_class_it_does_not_have_is_listed(database):
    picture(database / "Broken_Rib" / "images" / "a.png", 99)
    assert refusals(imported("radiography", database)) == [(None, "Broken_Rib/images/a.png", "unknown label")]


def test_classes_without_images_inside_are_another_layout(tmp_path):
    picture(tmp_path / "COVID" / "COVID-1.png", 1)
    with pytest.raises(BadDataSet, match=r"each with images/ and masks/; received \['COVID'\]\. .*layout folders"):
        imported("radiography", tmp_path)
