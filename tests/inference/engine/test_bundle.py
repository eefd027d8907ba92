"""A bundle is exactly what its card says, or it is refused with expected, received and remedy."""

import json

import numpy as np
import pytest

from inference.engine.bundle import DEFAULT_BUNDLE, load_card, load_weights, pack, sha256_of, write_card
from inference.engine.errors import BadBundle


def change_card(bundle, **changes):
    path = bundle / "card.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_whole_bundle_loads(bundle):
    card = load_card(bundle)
    assert card.labels == ("covid19", "pneumonia", "normal")
    assert card.weights_sha256 == sha256_of(bundle / "weights.npz")


@pytest.mark.parametrize("name", ["weights.npz", "gate.npz"])
def test_a_changed_file_is_refused(bundle, name):
    with (bundle / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(BadBundle, match=f"{name} with SHA-256 .*; received .*Restore the bundle"):
        load_card(bundle)


@pytest.mark.parametrize("name", ["weights.npz", "gate.npz", "card.json"])
def test_a_missing_file_is_refused(bundle, name):
    (bundle / name).unlink()
    with pytest.raises(BadBundle, match=name):
        load_card(bundle)


def test_a_label_more_than_the_head_has_is_refused(bundle):
    change_card(bundle, labels=["covid19", "pneumonia", "normal", "tuberculosis"])
    with pytest.raises(BadBundle, match="Expected 3 labels"):
        load_card(bundle)


@pytest.mark.parametrize(
    "changes", [{"labels": 3}, {"unknown": 1}, {"files": {}}, {"selective_rule": {}}, {"preprocess_version": "0"}]
)
def test_a_card_that_says_something_else_is_refused(bundle, changes):
    change_card(bundle, **changes)
    with pytest.raises(BadBundle):
        load_card(bundle)


def test_a_file_the_card_does_not_name_is_named_when_it_is_written_again(bundle):
    (bundle / "evaluation.json").write_text("{}")
    write_card(load_card(bundle), bundle)
    (bundle / "evaluation.json").write_text("{} ")
    with pytest.raises(BadBundle, match=r"evaluation\.json"):
        load_card(bundle)


def test_kernels_are_stored_in_half_precision_and_vectors_are_not():
    packed = pack({"conv/kernel": np.ones((3, 3), np.float32), "norm/moving_variance": np.array([1e9], np.float32)})
    assert packed["conv/kernel"].dtype == np.float16
    assert packed["norm/moving_variance"].tolist() == [1e9]


def test_a_kernel_beyond_half_precision_is_refused():
    with pytest.raises(ValueError, match="finite weights in conv/kernel"), np.errstate(over="ignore"):
        pack({"conv/kernel": np.full((2, 2), 1e9, np.float32)})


def test_the_committed_bundle_is_whole():
    card = load_card(DEFAULT_BUNDLE)
    assert card.architecture == "resnet50"
    assert card.metrics["all"]["n"] > 1000
    assert all(np.isfinite(value).all() for value in load_weights(DEFAULT_BUNDLE).values())
