"""The manifest: refused when wrong, split by group, drawn in balance, read once."""

import numpy as np
import pytest

from inference.engine.errors import UnreadableImage
from inference.engine.labels import LABELS
from inference.training.dataset import read_manifest, sampling_weights, write_manifest
from inference.training.inputs import load_inputs
from tests.inference import tiny


def test_a_manifest_comes_back_as_written(tmp_path):
    films = [tiny.film("covid19", 0, finding="COVID-19, ARDS"), tiny.film("normal", 3, view="AP", age="61")]
    write_manifest(films, tmp_path / "manifest.csv")
    found = read_manifest(tmp_path / "manifest.csv", labels=LABELS)
    assert found.films == tuple(films)
    assert len(found.sha256) == 64


@pytest.mark.parametrize(
    ("films", "words"),
    [
        ([tiny.film("covid19", 0, label="flu")], "at line 2 .*'flu'"),
        ([tiny.film("covid19", 0), tiny.film("normal", 1, split="maybe")], "at line 3 .*'maybe'"),
        ([tiny.film("covid19", 0), tiny.film("covid19", 3, group="covid19-0")], "covid19-0 in train and test"),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_line(tmp_path, films, words):
    write_manifest(films, tmp_path / "manifest.csv")
    with pytest.raises(ValueError, match=words):
        read_manifest(tmp_path / "manifest.csv", labels=LABELS)


def test_missing_columns_are_refused(tmp_path):
    (tmp_path / "manifest.csv").write_text("file,label\na.jpg,normal\n")
    with pytest.raises(ValueError, match=r"missing .*'group'"):
        read_manifest(tmp_path / "manifest.csv", labels=LABELS)


def test_a_manifest_written_before_films_kept_their_finding_is_still_read(tmp_path):
    write_manifest([tiny.film("covid19", 0)], tmp_path / "manifest.csv")
    lines = (tmp_path / "manifest.csv").read_text().splitlines()
    (tmp_path / "manifest.csv").write_text("\n".join(line.rpartition(",")[0] for line in lines))
    assert read_manifest(tmp_path / "manifest.csv", labels=LABELS).films == (tiny.film("covid19", 0),)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (",one,more", "Expected one value a column at line 2 .* Quote"),
        (None, "Expected at least one film in .*; received none. Import"),
    ],
)
def test_a_row_out_of_step_and_a_manifest_without_films_are_refused(tmp_path, end, words):
    path = tmp_path / "manifest.csv"
    write_manifest([] if end is None else [tiny.film("covid19", 0)], path)
    path.write_text(path.read_text().rstrip() + (end or ""))
    with pytest.raises(ValueError, match=words):
        read_manifest(path, labels=LABELS)


def test_a_manifest_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "manifest.csv").write_bytes(b"file,label\n\xff.png,normal\n")
    with pytest.raises(ValueError, match=r"Expected UTF-8 text in .* Import the data again"):
        read_manifest(tmp_path / "manifest.csv", labels=LABELS)


def test_a_left_out_source_is_left_out(tmp_path):
    manifest = read_manifest(tiny.write_films(tmp_path), labels=LABELS)
    assert {film.source for film in manifest.of_split("train", without_sources=("source0",))} == {"source1"}


def test_labels_are_drawn_equally_and_small_sources_more_often_than_they_are():
    films = [tiny.film("normal", 0, source="large")] * 90 + [tiny.film("normal", 0, source="small")] * 10
    films += [tiny.film("covid19", 0)] * 10
    weights = sampling_weights(films, source_exponent=0.5)
    assert weights.sum() == pytest.approx(1)
    assert weights[100:].sum() == pytest.approx(0.5)
    assert weights[:90].sum() / weights[90:100].sum() == pytest.approx(3)


def test_inputs_are_made_once(tmp_path):
    films = list(read_manifest(tiny.write_films(tmp_path), labels=LABELS).films)
    first, kept = load_inputs(films, images=tmp_path, size=32, cache=tmp_path / "cache")
    assert first.shape == (72, 32, 32)
    assert kept == films
    for film in films:
        (tmp_path / film.file).unlink()
    again, _ = load_inputs(films, images=tmp_path, size=32, cache=tmp_path / "cache")
    assert np.array_equal(first, again)


def test_a_few_unreadable_films_are_left_out_and_many_stop_the_run(tmp_path):
    films = list(read_manifest(tiny.write_films(tmp_path), labels=LABELS).films) * 2
    (tmp_path / films[0].file).write_bytes(b"not a film")
    with pytest.raises(UnreadableImage, match="at most 1% unreadable films; received 2 of 144"):
        load_inputs(films, images=tmp_path, size=32, cache=tmp_path / "many")
    inputs, kept = load_inputs(films[:1] + films[1:72] * 2, images=tmp_path, size=32, cache=tmp_path / "few")
    assert len(inputs) == len(kept) == 142
    assert films[0] not in kept
