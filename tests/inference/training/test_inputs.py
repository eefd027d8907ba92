"""Prepared films: cropped as in serving, whole or absent in the cache, the unreadable listed, greys as stored."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from PIL import Image

from inference.engine import compile_lungs
from inference.engine.errors import BadBundle, UnreadableImage
from inference.engine.lungs import LungFinder
from inference.engine.preprocess import prepare
from inference.training import inputs
from inference.training.dataset import read_film
from inference.training.inputs import load_all, refuse_unreadable
from tests.inference import tiny
from tests.inference.drawn_finder import write_drawn_finder

FILMS = [tiny.film(label, index) for label in ("covid19", "normal") for index in range(3)]


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for index, film in enumerate(FILMS):
        Image.fromarray(tiny.draw(film.label, index)).save(folder / film.file)
    return folder


@pytest.fixture
def finder(tmp_path, monkeypatch):
    """A finder whose graph marks what is dark, in place of one that Keras would make of its weights."""
    weights = tmp_path / "lungs.npz"
    weights.write_bytes(b"weights")
    monkeypatch.setattr(compile_lungs, "write_finder_graph", lambda _, graph: write_drawn_finder(graph))
    return weights


def test_films_are_prepared_as_in_serving(images, finder, tmp_path):
    found = load_all(FILMS, images=images, size=48, cache=tmp_path / "cache", finder=finder)
    write_drawn_finder(tmp_path / "lungs.xml")
    served = LungFinder(tmp_path / "lungs.xml")
    for index, film in enumerate(FILMS):
        expected = prepare(read_film(images / film.file), size=48, find_lungs=served)
        assert expected.found
        assert expected.box != (0.0, 0.0, 1.0, 1.0)
        assert np.abs(found.pixels[index] / 255 - expected.inputs[..., 0]).max() < 0.003
        assert np.abs(found.whole_lungs[index] / 255 - expected.lungs).max() < 0.003
    assert found.films == FILMS
    assert (found.pixels.shape, found.lungs.shape) == ((6, 48, 48), (6, 48, 48))
    # The lungs are in the frame of the crop, where they take more of it than of the film.
    assert (found.lungs > 127).mean() > (found.whole_lungs > 127).mean()


def test_whole_films_have_no_lungs_and_their_own_place_in_the_cache(images, finder, tmp_path):
    whole = load_all(FILMS, images=images, size=48, cache=tmp_path / "cache", finder=None)
    cropped = load_all(FILMS, images=images, size=48, cache=tmp_path / "cache", finder=finder)
    assert (whole.lungs, whole.whole_lungs) == (None, None)
    assert not np.array_equal(whole.pixels, cropped.pixels)
    again = load_all(FILMS, images=images, size=48, cache=tmp_path / "cache", finder=None)
    assert np.array_equal(whole.pixels, again.pixels)


def _prepare_in_a_process(images, cache):
    found = load_all(FILMS, images=images, size=32, cache=cache, finder=None)
    return np.array(found.pixels), len(found.films)


def test_two_processes_may_prepare_the_same_films_at_once(images, tmp_path):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(_prepare_in_a_process, images, tmp_path / "cache") for _ in range(2)]
        (first, count), (second, _) = (one.result() for one in waiting)
    assert count == 6
    assert np.array_equal(first, second)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_the_second_of_two_processes_takes_the_firsts_arrays(images, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    first = np.array(load_all(FILMS, images=images, size=32, cache=cache, finder=None).pixels)
    (folder,) = cache.iterdir()
    # As if the other had come between the look into the cache and the last step.
    inputs._write(FILMS, images=images, size=32, folder=folder, finder=None)
    assert list(cache.iterdir()) == [folder]
    assert np.array_equal(first, np.load(folder / "pixels.npy"))


def test_a_stop_in_the_middle_leaves_nothing_to_be_taken_for_whole(images, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    cache = tmp_path / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        with pytest.raises(OSError, match="No space left"):
            load_all(FILMS, images=images, size=32, cache=cache, finder=None)
    assert list(cache.iterdir()) == []
    assert len(load_all(FILMS, images=images, size=32, cache=cache, finder=None).films) == 6


def test_a_finders_graph_that_was_refused_is_not_there_the_next_time(images, finder, tmp_path, monkeypatch):
    def differs(_, graph):
        write_drawn_finder(graph)
        raise BadBundle(expected="a graph within 0.0001 of Keras", received="0.1", remedy="Do not use it")

    monkeypatch.setattr(compile_lungs, "write_finder_graph", differs)
    for _ in range(2):
        with pytest.raises(BadBundle, match="within"):
            load_all(FILMS, images=images, size=32, cache=tmp_path / "cache", finder=finder)
    assert list((tmp_path / "cache").iterdir()) == []


def test_unreadable_films_are_listed_and_more_than_one_in_a_hundred_refused(capsys):
    refuse_unreadable([], of=10)
    assert capsys.readouterr().out == ""
    refuse_unreadable(["a.png"], of=100)
    assert capsys.readouterr().out == "1 of 100 films cannot be read and are skipped: a.png\n"
    with pytest.raises(UnreadableImage, match=r"Expected at most 1% unreadable films; received 2 of 199.*'a.png', 'b"):
        refuse_unreadable(["a.png", "b.png"], of=199)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 not a film", b"GIF89a", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_unreadable(tmp_path, content):
    (tmp_path / "film.png").write_bytes(content)
    with pytest.raises(UnreadableImage, match="a picture at"):
        read_film(tmp_path / "film.png")


def test_a_cut_film_is_unreadable(tmp_path):
    Image.fromarray(tiny.draw("normal", 1)).save(tmp_path / "film.png")
    whole = (tmp_path / "film.png").read_bytes()
    (tmp_path / "film.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableImage):
        read_film(tmp_path / "film.png")


def test_eight_bit_greys_are_read_as_stored(tmp_path):
    drawn = tiny.draw("normal", 1)
    Image.fromarray(drawn).save(tmp_path / "grey.png")
    Image.fromarray(np.stack([drawn] * 3, axis=2)).save(tmp_path / "colour.png")
    assert np.array_equal(read_film(tmp_path / "grey.png"), drawn.astype(np.float32) / np.float32(255))
    assert np.allclose(read_film(tmp_path / "colour.png"), drawn / 255, atol=1e-5)


def test_a_sixteen_bit_film_keeps_its_greys(tmp_path):
    drawn = tiny.draw("normal", 1)
    Image.fromarray(drawn.astype(np.uint16) * 16 + 1000).save(tmp_path / "deep.png")
    found = read_film(tmp_path / "deep.png")
    assert np.corrcoef(found.ravel(), drawn.ravel())[0, 1] > 0.999
    assert (found.min(), found.max()) == (0, 1)
