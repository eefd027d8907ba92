"""The collection keeps its groups and folds, and leaves out what is no label."""

from collections import Counter
from pathlib import Path

import pytest

from inference.training.errors import BadDataSet
from inference.training.splits import SplitPlan
from tests.inference.training.data_sets import films, imported, picture, refusals, table

HEADER = ("file", "fold", "label", "patient_id", "group_id", "source", "view", "sex", "age", "age_group")
LABELS = ("covid19", "viral_pneumonia", "bacterial_pneumonia", "pneumonia", "lung_opacity", "normal", "other")


def row(number: int, **changes) -> tuple:
    group = number // 2
    values = {
        "file": f"{number}.jpg", "fold": group % 10, "label": LABELS[number % 7], "patient_id": f"one:p{group}",
        "group_id": f"g{group}", "source": "one", "view": "unknown", "sex": "M", "age": "1-5y", "age_group": "adult",
    }  # fmt: skip
    return tuple({**values, **changes}.values())


def collection(folder: Path, rows: list[tuple] | None = None) -> Path:
    for number in range(140):
        picture(folder / "images" / f"{number}.jpg", number)
    return table(folder / "manifest.csv", HEADER, rows or [row(number) for number in range(140)])


@pytest.fixture
def result(tmp_path):
    return imported("collection", collection(tmp_path))


def test_its_labels_are_mapped_and_others_left_out(result):
    assert Counter(film.label for film in result.films) == {"covid19": 20, "pneumonia": 80, "normal": 20}
    assert result.left_out == {"other: not in the label set covid-normal-pneumonia": 20}
    assert result.refused == []


def test_a_film_keeps_what_the_collection_knows_of_it(result):
    assert films(result, "file", "finding", "patient_id", "group", "source", "view", "sex", "age", "age_group")[1] == (
        "1.jpg", "viral_pneumonia", "one:p0", "g0", "one", "", "M", "1-5y", "adult",
    )  # fmt: skip


def test_its_folds_are_the_sides(result):
    expected = {8: "validation", 9: "test"}
    assert films(result, "split") == [
        (expected.get(number // 2 % 10, "train"),) for number in range(140) if number % 7 != 6
    ]


def test_no_group_has_two_sides(result):
    sides = {split: {film.group for film in result.films if film.split == split} for split in ("train", "test")}
    assert all(sides.values())
    assert not sides["train"] & sides["test"]


def test_a_seed_of_ones_own_deals_its_groups_anew(tmp_path, result):
    again = imported("collection", tmp_path, plan=SplitPlan(seed=5))
    assert films(again, "file", "group") == films(result, "file", "group")
    assert films(again, "split") != films(result, "split")


def test_the_folder_serves_as_well_as_the_table(tmp_path, result):
    assert imported("collection", tmp_path).films == result.films


def test_two_groups_of_one_patient_are_one_and_train(tmp_path):
    rows = [row(0, fold=1), row(1, fold=9, group_id="g70", patient_id="one:p0")]
    result = imported("collection", collection(tmp_path, rows))
    assert films(result, "group", "split") == [("g0", "train"), ("g0", "train")]
    assert result.moved == ["g0"]


def test_a_row_whose_fold_or_group_is_wrong_is_listed(tmp_path):
    rows = [row(0), row(2, fold=10), row(4, group_id=""), row(7)]
    result = imported("collection", collection(tmp_path, rows))
    assert films(result, "file") == [("0.jpg",), ("7.jpg",)]
    assert refusals(result) == [(3, "2.jpg", "the fold is none of 0 to 9"), (4, "", "a value is missing")] or refusals(
        result
    ) == [(4, "", "a value is missing"), (3, "2.jpg", "the fold is none of 0 to 9")]


def test_a_table_without_groups_is_not_the_collection(tmp_path):
    path = table(tmp_path / "manifest.csv", ("file", "label"), [("a.jpg", "normal")])
    with pytest.raises(BadDataSet, match=r"Expected the columns file, .*; received a table without .*group_id.*Name"):
        imported("collection", path)
