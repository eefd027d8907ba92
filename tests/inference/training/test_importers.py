"""The command import: several data sets in one manifest, its account, and what it refuses."""

import hashlib
import json
import shutil

import pytest

from inference.engine.labels import LABELS
from inference.training.__main__ import main
from inference.training.dataset import read_manifest
from inference.training.importers import LAYOUTS
from tests.inference.training.data_sets import picture


@pytest.fixture
def sets(tmp_path):
    """Two folders of films; `b` holds a copy of a film of `a` and another film of a's patient."""
    for number in range(60):
        picture(tmp_path / "a" / ("covid", "normal")[number % 2] / f"{number}.png", number)
        picture(tmp_path / "b" / ("covid", "pneumonia")[number % 2] / f"{number}.png", 1000 + number)
    shutil.copy(tmp_path / "a/covid/0.png", tmp_path / "b/covid/copy.png")
    picture(tmp_path / "a/normal/IM-0115-0001.jpeg", 2000)
    picture(tmp_path / "b/normal/IM-0115-0001-0002.jpeg", 2001)
    return tmp_path


def run(sets, *arguments):
    main(["import", *map(str, arguments), "--out", str(sets / "manifest.csv")])
    return json.loads((sets / "manifest.import.json").read_text())


def manifest(sets, labels=LABELS):
    return read_manifest(sets / "manifest.csv", labels=labels)


def test_the_layouts_have_the_names_they_are_asked_for_by():
    assert list(LAYOUTS) == ["collection", "folders", "radiography", "coronahack", "covid-chestxray"]
    assert all(name == layout.name and layout.what for name, layout in LAYOUTS.items())


def test_data_sets_share_a_manifest_and_their_copies_and_patients_a_group(sets):
    account = run(sets, sets / "a", sets / "b", "--layout", "folders")
    found = manifest(sets)
    assert account["films"] == len(found.films) == 123
    assert {film.source for film in found.films} == {"a", "b"}
    assert all((sets / film.file).is_file() for film in found.films)
    groups = {film.file: film.group for film in found.films}
    assert groups["a/covid/0.png"] == groups["b/covid/copy.png"]
    assert groups["a/normal/IM-0115-0001.jpeg"] == groups["b/normal/IM-0115-0001-0002.jpeg"] == "kermany:IM-0115"


def test_the_account_tells_what_a_run_has_to_know(sets, capsys):
    (sets / "a/covid/broken.png").write_bytes(b"x")
    account = run(sets, f"folders={sets / 'a'}", "--seed", 7, "--test", 0.2, "--label-set", "covid")
    content = (sets / "manifest.csv").read_bytes()
    assert account["manifest_sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest(sets, labels=("covid19", "non_covid")).sha256 == account["manifest_sha256"]
    assert account["label_set"] == {"name": "covid", "labels": ["covid19", "non_covid"]}
    assert account["split"] == {
        "by": "hash of seed and group; a group is one patient and all copies of one file",
        "seed": 7, "validation": 0.1, "test": 0.2, "own_sides_kept": False, "own_folds_kept": False,
    }  # fmt: skip
    assert account["refused"] == [
        {"data_set": "a", "line": None, "file": "covid/broken.png", "reason": "unreadable header",
         "detail": "not a picture"}
    ]  # fmt: skip
    assert sum(sum(counts.values()) for counts in account["per_split"].values()) == account["films"] == 61
    said = capsys.readouterr().out
    assert "refused: unreadable header: 1, e.g. 'covid/broken.png' (not a picture)" in said
    assert f"train with --images {sets / 'a'}" in said


def test_the_same_import_gives_the_same_manifest(sets):
    first = run(sets, sets / "a", "--layout", "folders")["manifest_sha256"]
    assert run(sets, sets / "a", "--layout", "folders")["manifest_sha256"] == first
    assert run(sets, sets / "a", "--layout", "folders", "--seed", 2)["manifest_sha256"] != first


def test_another_data_set_moves_no_film_of_the_first(sets):
    run(sets, sets / "a", "--layout", "folders")
    alone = {film.file: (film.group, film.split) for film in manifest(sets).films}
    run(sets, sets / "a", sets / "b", "--layout", "folders")
    together = {film.file: (film.group, film.split) for film in manifest(sets).films}
    assert {f"a/{file}": side for file, side in alone.items()}.items() <= together.items()


def test_words_of_ones_own_and_a_source_can_be_named(sets):
    picture(sets / "a/positive/x.png", 3000)
    arguments = (sets / "a", "--layout", "folders", "--finding", "positive=covid19", "--source", "ward")
    assert run(sets, *arguments)["per_source"] == {"ward": 62}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a", "--layout", "collection"], "Expected the file manifest.csv of the layout collection; received nothing"),
        (["folders=a", "folders=a"], "a name of its own for each data set's source; received a, a"),
        (["folders=a", "folders=b", "--source", "x"], "Expected --source with one data set; received 2"),
        (["folders=a", "--test", "0.6", "--validation", "0.4"], "shares of 0 or more that leave some groups"),
        (["folders=a", "--test", "-0.1"], "shares of 0 or more"),
        (["folders=a", "--finding", "positive=flu"], "with a finding among covid19, .*; received positive=flu"),
        (["folders=a", "--finding", "positive"], "Expected --finding WORDS=FINDING"),
        (["folders=a", "--patient", "(a"], "a regular expression after --patient"),
        (["folders=a", "--patient", "abc"], "with a group after --patient"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence_and_writes_nothing(sets, monkeypatch, arguments, words):
    monkeypatch.chdir(sets)
    with pytest.raises(SystemExit, match=words):
        main(["import", *arguments, "--out", "manifest.csv"])
    assert not (sets / "manifest.csv").exists()
    assert not (sets / "manifest.import.json").exists()


def test_a_place_that_cannot_be_written_is_refused_in_one_sentence(sets):
    (sets / "file").write_text("in the way")
    with pytest.raises(SystemExit, match=r"Expected folders that can be read and written; received .*Check the paths"):
        main(["import", f"folders={sets / 'a'}", "--out", str(sets / "file" / "manifest.csv")])


@pytest.mark.parametrize("arguments", [["--layout", "unheard"], ["--label-set", "unheard"]])
def test_an_unknown_name_is_refused_with_the_known_ones(sets, capsys, arguments):
    with pytest.raises(SystemExit):
        main(["import", str(sets / "a"), *arguments])
    assert "invalid choice: 'unheard' (choose from" in capsys.readouterr().err
