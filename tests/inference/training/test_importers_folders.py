"""A folder per class: with and without sides, with the patient in the name, and folders that are none."""

import re

import pytest

from inference.training.errors import BadDataSet
from inference.training.importers.found import Reading
from tests.inference.training.data_sets import films, imported, picture, refusals


def test_a_folder_per_class(tmp_path):
    for number, name in enumerate(("COVID-19/a.png", "NORMAL/b.jpeg", "Viral Pneumonia/c.bmp", "normal/d.tif")):
        picture(tmp_path / name, number)
    result = imported("folders", tmp_path)
    assert films(result, "file", "label", "finding", "source") == [
        ("COVID-19/a.png", "covid19", "COVID-19", tmp_path.name),
        ("NORMAL/b.jpeg", "normal", "NORMAL", tmp_path.name),
        ("Viral Pneumonia/c.bmp", "pneumonia", "Viral Pneumonia", tmp_path.name),
        ("normal/d.tif", "normal", "normal", tmp_path.name),
    ]
    assert result.images == tmp_path


@pytest.fixture
def with_sides(tmp_path):
    number = 0
    for side, count in (("train", 40), ("test", 12), ("val", 6)):
        for label in ("COVID", "NORMAL", "PNEUMONIA"):
            for _ in range(count):
                picture(tmp_path / side / label / f"{number}.png", number)
                number += 1
    return tmp_path


def test_its_own_sides_are_kept_when_asked(with_sides):
    result = imported("folders", with_sides, keep_split=True)
    expected = {"train": "train", "test": "test", "val": "validation"}
    assert all(film.split == expected[film.file.split("/")[0]] for film in result.films)
    assert len(result.films) == 174
    assert result.notes == []


def test_its_own_sides_are_dealt_anew_when_not_asked(with_sides):
    result = imported("folders", with_sides)
    assert len(result.films) == 174
    assert {film.split for film in result.films if film.file.startswith("test/")} >= {"train"}


def test_where_it_has_no_validation_some_of_its_training_groups_validate(with_sides):
    for path in sorted((with_sides / "val").rglob("*.png")):
        path.unlink()
    result = imported("folders", with_sides, keep_split=True)
    assert {film.split for film in result.films if film.file.startswith("test/")} == {"test"}
    validating = sum(film.split == "validation" for film in result.films)
    assert 1 <= validating <= 40


def test_a_patient_on_both_of_its_sides_trains_and_is_named(tmp_path):
    # Kermany's own sets: person1 is in train with a virus and in test with a bacterium.
    for number, name in enumerate(
        ("train/PNEUMONIA/person1_virus_6.jpeg", "test/PNEUMONIA/person1_bacteria_2.jpeg",
         "test/PNEUMONIA/person2_bacteria_4.jpeg", "test/NORMAL/IM-0003-0001.jpeg",
         "test/NORMAL/IM-0003-0001-0002.jpeg")
    ):  # fmt: skip
        picture(tmp_path / name, number)
    result = imported("folders", tmp_path, keep_split=True)
    assert result.moved == ["kermany:person1"]
    assert {(film.group, film.split) for film in result.films} == {
        ("kermany:person1", "train"), ("kermany:person2", "test"), ("kermany:IM-0003", "test")
    }  # fmt: skip


def test_the_patient_can_be_told_from_the_name(tmp_path):
    for number, name in enumerate(("normal/0012_003.png", "normal/0012_004.png", "normal/0013_000.png")):
        picture(tmp_path / name, number)
    patients = [f"{tmp_path.name}:{number}" for number in ("0012", "0012", "0013")]
    result = imported("folders", tmp_path, reading=Reading(patient=re.compile(r"(\d+)_")))
    assert films(result, "patient_id", "group") == [(p, p) for p in patients]


def test_an_unknown_class_is_listed_and_can_be_given_a_meaning(tmp_path):
    picture(tmp_path / "normal/a.png", 1)
    picture(tmp_path / "infiltrate/b.png", 2)
    result = imported("folders", tmp_path)
    assert films(result, "file") == [("normal/a.png",)]
    assert refusals(result) == [(None, "infiltrate/b.png", "unknown label")]
    result = imported("folders", tmp_path, reading=Reading(words={"Infiltrate": "lung_opacity"}))
    assert films(result, "file", "label") == [("infiltrate/b.png", "pneumonia"), ("normal/a.png", "normal")]


def test_what_is_no_film_in_a_class_is_listed_or_counted(tmp_path):
    picture(tmp_path / "normal/a.png", 1)
    picture(tmp_path / "normal/masks/a.png", 2)
    (tmp_path / "normal/Thumbs.db").write_bytes(b"x")
    (tmp_path / "normal/.DS_Store").write_bytes(b"x")
    (tmp_path / "normal/notes.txt").write_text("not a film")
    (tmp_path / "README.md").write_text("beside the classes")
    result = imported("folders", tmp_path)
    assert films(result, "file") == [("normal/a.png",)]
    assert sorted(refusals(result), key=str) == [
        (None, "normal/masks/", "a folder inside a class's folder; films lie in the class's folder"),
        (None, "normal/notes.txt", "unreadable header"),
    ]
    assert result.left_out == {"system files": 2}


def test_a_folder_without_classes_is_refused(tmp_path):
    picture(tmp_path / "cats/a.png", 1)
    with pytest.raises(BadDataSet, match=r"a folder per class .*; received the folders \['cats'\]\. Name the folder"):
        imported("folders", tmp_path)
    with pytest.raises(BadDataSet, match="received no folder"):
        imported("folders", tmp_path / "nowhere")
