"""What is painted over: the border, the lungs, or all but them; at the film's own size."""

import numpy as np
from PIL import Image

from inference.training.painted import BORDER, COVERED, border_mask, paint, read_mask


def test_the_border_is_a_tenth_of_each_side():
    ring = border_mask((100, 200))
    assert BORDER == 0.10
    assert not ring[10:90, 20:180].any()
    assert ring.sum() == 100 * 200 - 80 * 160


def test_painted_places_are_the_films_mean_and_the_others_stay():
    pixels = np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10)
    covered = np.zeros((10, 10), dtype=bool)
    covered[0] = True
    found = paint(pixels, covered)
    assert np.allclose(found[0], 0.5)
    assert (found[1:] == pixels[1:]).all()
    assert found.dtype == np.float32


def test_what_is_covered_by_each_name():
    lungs, border = np.array([[True, False, False]]), np.array([[False, False, True]])
    covered = {name: cover(lungs, border).tolist()[0] for name, cover in COVERED.items()}
    assert covered == {
        "as they are": [False, False, False],
        "lungs painted over": [True, False, False],
        "only the lungs left": [False, True, True],
        "border painted over": [False, False, True],
        "only the border left": [True, True, False],
    }


def test_a_mask_is_drawn_on_the_squashed_film_and_read_at_the_films_shape(tmp_path):
    mask = np.zeros((256, 256), dtype=bool)
    mask[:, :128] = True
    Image.fromarray(mask).save(tmp_path / "mask.png")
    found = read_mask(tmp_path / "mask.png", shape=(50, 300))
    assert found.shape == (50, 300)
    assert found[:, :149].all()
    assert not found[:, 151:].any()
