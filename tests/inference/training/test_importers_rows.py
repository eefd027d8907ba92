"""Hostile and broken rows: each is listed with its line and reason, and its neighbours are imported."""

import os
import shutil

import pytest
from PIL import Image

from inference.training.errors import BadDataSet
from inference.training.importers.files import digest_of
from inference.training.importers.found import BadRow
from tests.inference.training.data_sets import films, imported, picture, refusals, table

HEADER = ("patientid", "finding", "view", "filename", "notes")


def row(number, **changes):
    values = {"patientid": number, "finding": "COVID-19", "view": "PA", "filename": f"{number}.png", "notes": ""}
    return tuple({**values, **changes}.values())


@pytest.fixture
def folder(tmp_path):
    """Three films, 1 to 3, at lines 2 to 4 of the table that `read` writes."""
    folder = tmp_path / "set"
    for number in (1, 2, 3):
        picture(folder / "images" / f"{number}.png", number)
    return folder


def read(folder, *rows):
    table(folder / "metadata.csv", HEADER, [row(1), row(2), row(3), *rows])
    return imported("covid-chestxray", folder)


def the_three_and_one_refusal(result, reason, *, line=5):
    assert films(result, "file") == [("images/1.png",), ("images/2.png",), ("images/3.png",)]
    assert [(where, why) for where, _, why in refusals(result)] == [(line, reason)]


def test_a_missing_file(folder):
    the_three_and_one_refusal(read(folder, row(9)), "missing file")


@pytest.mark.parametrize("name", ["2.png", "./2.png", "../images/2.png"])
def test_a_file_listed_twice(folder, name):
    result = read(folder, row(9, filename=name))
    the_three_and_one_refusal(result, "duplicate file")
    assert result.refused[0][1].detail == "already at line 3"


@pytest.mark.parametrize("name", ["../../secret.png", "/etc/passwd", "../images/../../secret.png"])
def test_a_path_that_leaves_the_folder(folder, name):
    picture(folder.parent / "secret.png", 9)
    the_three_and_one_refusal(read(folder, row(9, filename=name)), "the path leaves the data set's folder")


def test_a_link_that_leaves_the_folder(folder):
    (folder / "images" / "9.png").symlink_to(picture(folder.parent / "secret.png", 9))
    the_three_and_one_refusal(read(folder, row(9)), "the path leaves the data set's folder")


def test_a_data_set_reached_through_a_link_is_read(folder):
    read(folder)
    (folder.parent / "link").symlink_to(folder)
    assert len(imported("covid-chestxray", folder.parent / "link").films) == 3


def test_a_link_to_itself(folder):
    (folder / "images" / "9.png").symlink_to(folder / "images" / "9.png")
    the_three_and_one_refusal(read(folder, row(9)), "missing file")


def test_a_named_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "images" / "9.png")
    the_three_and_one_refusal(read(folder, row(9)), "not a file")


def test_a_folder_in_place_of_a_film(folder):
    (folder / "images" / "9.png").mkdir()
    the_three_and_one_refusal(read(folder, row(9)), "not a file")


def test_a_name_too_long_for_any_file(folder):
    the_three_and_one_refusal(read(folder, row(9, filename="9" * 5000)), "the file cannot be read")


@pytest.mark.parametrize("content", [b"", b"not a film", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\x00"])
def test_an_unreadable_header(folder, content):
    (folder / "images" / "9.png").write_bytes(content)
    the_three_and_one_refusal(read(folder, row(9)), "unreadable header")


def test_a_header_of_more_pixels_than_memory(folder, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    for side in (120, 200):
        Image.new("L", (side, side)).save(folder / "images" / f"{side}.png")
        with pytest.raises(BadRow) as caught:
            digest_of(folder / "images", f"{side}.png")
        assert (caught.value.reason, caught.value.detail) == ("unreadable header", "more pixels than a film has")


@pytest.mark.parametrize("name", ["9\x1b[2J.png", "9\n.png", "9\x00.png"])
def test_a_control_character_in_a_name(folder, name):
    the_three_and_one_refusal(read(folder, row(9, filename=name)), "a control character, or a byte that is no text")


def test_a_name_on_disk_that_is_no_text(tmp_path):
    picture(tmp_path / "normal" / "a.png", 1)
    shutil.copy(tmp_path / "normal" / "a.png", os.fsencode(tmp_path / "normal") + b"/\xff.png")
    result = imported("folders", tmp_path)
    assert films(result, "file") == [("normal/a.png",)]
    assert [reason for _, _, reason in refusals(result)] == ["a control character, or a byte that is no text"]


@pytest.mark.parametrize("column", ["patientid", "finding", "view", "filename"])
def test_a_missing_value(folder, column):
    result = read(folder, row(9, **{column: " "}))
    the_three_and_one_refusal(result, "a value is missing")
    assert result.refused[0][1].detail == f"in the column {column}"


@pytest.mark.parametrize("finding", ["flu?", "Pneumonia/Viral/Bacterial", "Normal, COVID-19", "=1+1"])
def test_an_unknown_label(folder, finding):
    result = read(folder, row(9, finding=finding))
    the_three_and_one_refusal(result, "unknown label")
    assert result.refused[0][1].detail == ascii(finding)


def test_a_row_with_more_values_than_columns(folder):
    the_three_and_one_refusal(read(folder, (*row(9), "more")), "not 5 values, as the table has columns")


def test_a_quotation_mark_that_is_never_closed(folder):
    read(folder)
    with (folder / "metadata.csv").open("a") as file:
        file.write('8,COVID-19,PA,"8.png,\n9,COVID-19,PA,9.png,\n')
    result = imported("covid-chestxray", folder)
    the_three_and_one_refusal(result, "not 5 values, as the table has columns")
    assert "2 lines read as one" in result.refused[0][1].detail


def test_a_value_longer_than_any_table_holds(folder):
    read(folder, row(9, notes="x" * 200_000))
    result = read(folder, row(9, notes="x" * 200_000), row(3, filename="4.png"))
    assert refusals(result) == [(5, "", "not a row of CSV"), (6, "images/4.png", "missing file")]


def test_a_byte_that_is_no_text_spoils_its_own_row(folder):
    read(folder)
    with (folder / "metadata.csv").open("ab") as file:
        file.write(b"9,COVID-19,PA,9\xff.png,\n")
    the_three_and_one_refusal(imported("covid-chestxray", folder), "not UTF-8 text")


def test_a_table_with_a_byte_order_mark_is_read(folder):
    read(folder)
    path = folder / "metadata.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(imported("covid-chestxray", folder).films) == 3


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", "patientid,finding,view,filename\n".encode("utf-16")])
def test_what_is_no_table_is_refused(folder, content):
    (folder / "metadata.csv").write_bytes(content)
    with pytest.raises(BadDataSet, match="Expected the columns patientid, finding, view, filename of the layout"):
        imported("covid-chestxray", folder)


def test_a_table_whose_every_row_is_bad_is_refused_with_the_reasons(folder):
    table(folder / "metadata.csv", HEADER, [row(8), row(9), row(1, finding="flu")])
    words = r"Expected at least one film .*; received missing file \(2\); unknown label \(1\)\. Correct the data\."
    with pytest.raises(BadDataSet, match=words):
        imported("covid-chestxray", folder)


def test_copies_of_one_picture_are_one_group(folder):
    shutil.copy(folder / "images" / "1.png", folder / "images" / "9.png")
    result = read(folder, row(9))
    assert [film.group for film in result.films].count("covid-chestxray:1") == 2
    assert result.refused == []


def test_a_picture_with_two_labels_is_imported_under_neither(folder):
    shutil.copy(folder / "images" / "1.png", folder / "images" / "9.png")
    result = read(folder, row(9, finding="SARS"))
    assert films(result, "file") == [("images/2.png",), ("images/3.png",)]
    assert [(one.line, one.detail) for _, one in result.refused] == [
        (2, "pneumonia at line 5 of covid-chestxray"),
        (5, "covid19 at line 2 of covid-chestxray"),
    ]
