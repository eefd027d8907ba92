"""Synthetic chests: the same for a label and seed, marked in the picture, small in the repository."""

import numpy as np
import pytest

from inference.engine import synthetic


def test_a_label_and_seed_always_give_the_same_picture():
    first = synthetic.sample("covid19", 4)
    assert (first.shape, first.dtype) == ((512, 512), np.uint8)
    assert np.array_equal(first, synthetic.sample("covid19", 4))
    assert not np.array_equal(first, synthetic.sample("covid19", 5))
    assert not np.array_equal(first, synthetic.sample("normal", 4))


def test_the_word_is_burnt_into_the_same_place():
    corners = [synthetic.sample(label, 1)[-34:, :179] for label in synthetic.labels()]
    assert all(np.array_equal(corners[0], corner) for corner in corners)
    assert set(np.unique(corners[0])) >= {0, 255}


def test_an_unknown_label_is_refused():
    with pytest.raises(ValueError, match="Choose one of these"):
        synthetic.sample("tuberculosis", 1)


def test_the_data_stay_small():
    assert synthetic.DATA.stat().st_size < 1_500_000
