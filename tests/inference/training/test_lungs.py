"""The lung finder learns drawn lungs, is served as Keras computes it, and another file in its place is refused."""

import json

import numpy as np
import pytest
from PIL import Image

from inference.engine import compile_lungs
from inference.engine.bundle import sha256_of
from inference.engine.compile_lungs import TOLERANCE, finder_model, write_finder_graph
from inference.engine.errors import BadBundle, UnreadableImage
from inference.engine.labels import LABELS
from inference.engine.lungs import LungFinder
from inference.engine.preprocess import finder_input
from inference.training.dataset import read_film, read_manifest
from inference.training.errors import BadDataSet
from inference.training.lung_films import load_pairs
from inference.training.lungs import LungTraining, MaskedBatches, dice, train_lungs
from tests.inference import tiny

CONFIG = LungTraining(epochs=3, batch=8, precision="float32")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    tiny.write_films(folder)
    return folder


@pytest.fixture(scope="module")
def films(images):
    return read_manifest(images / "manifest.csv", labels=LABELS).films


@pytest.fixture(scope="module")
def masks(images, films):
    """The drawn films' lungs, as 1-bit pictures of 256 x 256, of two films in three."""
    folder = images / "masks"
    folder.mkdir()
    y, x = (np.mgrid[0:256, 0:256] + 0.5) / 256
    lungs = sum(np.exp(-(((x - middle) / 0.12) ** 2) - ((y - 0.5) / 0.28) ** 2) for middle in (0.3, 0.7)) > 0.4
    for film in films[: len(films) * 2 // 3]:
        Image.fromarray(lungs).save(folder / film.file)
    return folder


@pytest.fixture(scope="module")
def trained(images, films, masks, tmp_path_factory):
    out = tmp_path_factory.mktemp("finder") / "lungs.npz"
    return out, train_lungs(films, images=images, masks=masks, out=out, config=CONFIG)


def test_training_lowers_the_loss_and_tells_what_was_found(trained):
    out, found = trained
    written = json.loads(out.with_suffix(".json").read_text())
    assert written["losses"] == found["losses"]
    assert len(found["losses"]) == 3
    assert found["losses"][-1] < 0.9 * found["losses"][0]
    assert (found["trained on"], found["n"]) == (24, 12)
    assert 0 <= found["dice"] <= 1
    assert found["sha256"] == written["sha256"] == sha256_of(out)
    assert written["epochs"] == 3
    assert [path.name for path in sorted(out.parent.iterdir())] == ["lungs.json", "lungs.npz"]


def test_the_serving_graph_gives_what_keras_gives(trained, images, films, tmp_path):
    out, _ = trained
    assert write_finder_graph(out, tmp_path / "lungs.xml") <= TOLERANCE
    inputs = finder_input(read_film(images / films[0].file))
    served = LungFinder(tmp_path / "lungs.xml")(inputs)
    reference = np.asarray(finder_model(out)(inputs[np.newaxis]))[0, ..., 0]
    assert served.shape == (96, 96)
    assert np.abs(served - reference).max() <= TOLERANCE
    assert served.std() > 0.01


@pytest.mark.parametrize("change", [lambda answer: answer + 2e-4, lambda answer: answer * np.nan])
def test_a_graph_that_differs_from_keras_is_refused(trained, tmp_path, monkeypatch, change):
    answer = LungFinder.__call__
    monkeypatch.setattr(compile_lungs.LungFinder, "__call__", lambda self, inputs: change(answer(self, inputs)))
    with pytest.raises(BadBundle, match=r"within 0\.0001 of Keras; received a difference of"):
        write_finder_graph(trained[0], tmp_path / "lungs.xml")


def test_a_file_of_other_variables_is_refused(trained, tmp_path):
    with np.load(trained[0]) as stored:
        arrays = dict(stored)
    arrays.pop("score/bias")
    np.savez(tmp_path / "less.npz", **arrays)
    with pytest.raises(BadBundle, match=r"the lung finder's weights in .*; received other variables: .*score/bias"):
        finder_model(tmp_path / "less.npz")
    np.savez(tmp_path / "other.npz", **{**arrays, "score/bias": np.zeros(2)})
    with pytest.raises(BadBundle, match=r"other variables: .*score/bias"):
        finder_model(tmp_path / "other.npz")


def test_a_cut_or_missing_file_is_refused(trained, tmp_path):
    (tmp_path / "cut.npz").write_bytes(trained[0].read_bytes()[:1000])
    for name in ("cut.npz", "missing.npz"):
        with pytest.raises(BadBundle, match="Expected weights at"):
            finder_model(tmp_path / name)


def test_too_few_masks_are_refused_and_nothing_is_written(films, images, masks, tmp_path):
    with pytest.raises(BadDataSet, match=r"masks in .* of 32 training films .*; received 24 and 12"):
        train_lungs(films, images=images, masks=masks, out=tmp_path / "lungs.npz", config=LungTraining(batch=32))
    with pytest.raises(BadDataSet, match=r"; received 0 and 0\. Name the folder of lung masks"):
        train_lungs(films, images=images, masks=tmp_path, out=tmp_path / "lungs.npz", config=CONFIG)
    assert list(tmp_path.iterdir()) == []


def test_films_and_masks_that_cannot_be_read_are_skipped_up_to_one_in_a_hundred(films, images, masks, tmp_path, capsys):
    having = [film for film in films if (masks / film.file).exists()]
    for film in having:
        (tmp_path / film.file).write_bytes((masks / film.file).read_bytes())
    bad = having[3]
    (tmp_path / bad.file).write_bytes(b"not a mask")
    with pytest.raises(UnreadableImage, match="received 1 of 48"):
        load_pairs(having, images, tmp_path)
    others = [film for film in having if film is not bad]
    inputs, drawn = load_pairs([*others, *others, bad, *others], images, tmp_path)
    assert inputs.shape == drawn.shape == (141, 96, 96)
    assert f"1 of 142 films cannot be read and are skipped: {bad.file}" in capsys.readouterr().out
    assert 0.1 < drawn.mean() < 0.4


def test_batches_of_masks_follow_from_epoch_and_step():
    films = np.stack([tiny.draw("normal", seed, side=32) for seed in range(16)]).astype(np.float32) / 255
    masks = (films < 0.4).astype(np.float32)

    def batches(epoch):
        made = MaskedBatches(films, masks, config=CONFIG)
        for _ in range(epoch):
            made.on_epoch_end()
        return made

    first, drawn = batches(1)[1]
    assert first.shape == drawn.shape == (8, 32, 32, 1)
    assert all(np.array_equal(one, again) for one, again in zip((first, drawn), batches(1)[1], strict=True))
    assert not np.array_equal(first, batches(0)[1][0])
    assert len(batches(0)) == 2
    # A film's style changes, its mask's places move with it: dark stays lung.
    assert first[drawn > 0.9].mean() < first[drawn < 0.1].mean() - 0.1


def test_dice_is_twice_the_overlap_over_the_sum():
    drawn = np.zeros((4, 10, 10))
    drawn[:3, :, :4] = 1.0
    found = np.zeros((4, 10, 10))
    found[0, :, :4] = found[1, :, 2:6] = found[2, :, 5:] = 0.9
    assert dice(found, drawn) == pytest.approx([1.0, 0.5, 0.0, 0.0])
