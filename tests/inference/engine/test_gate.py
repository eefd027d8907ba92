"""The gate: what is not a readable frontal chest X-ray gets no answer, and real films pass."""

import numpy as np
import pytest

from inference.engine import gate
from inference.engine.preprocess import to_input
from tests.inference.tiny import draw


def films(count=30):
    return [draw(("covid19", "normal")[seed % 2], seed).astype(np.float32) / 255 for seed in range(count)]


@pytest.fixture(scope="module")
def template():
    return np.mean([gate.shrink(to_input(film, size=64)) for film in films()], axis=0)


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        (np.random.default_rng(0).random((95, 400)), "too_small"),
        (np.random.default_rng(0).random((100, 300)), "absurd_aspect"),
        (np.full((200, 200), 0.5), "blank"),
        (np.random.default_rng(0).random((200, 200)), None),
    ],
)
def test_what_the_picture_alone_tells(pixels, reason):
    assert gate.picture_refusal(pixels.astype(np.float32)) == reason


def test_a_film_is_like_the_mean_chest_and_its_negative_is_not(template):
    film = films()[3]
    assert gate.likeness(to_input(film, size=64), template) > 0.5
    assert gate.likeness(to_input(1 - film, size=64), template) < -0.3
    assert gate.likeness(np.zeros((64, 64, 1), np.float32), template) == 0


def test_distance_is_mahalanobis():
    generator = np.random.default_rng(2)
    embeddings = generator.normal(0, 1, (4000, 5)) @ np.diag([3.0, 2.0, 0.1, 0.1, 0.1])
    statistics = gate.fit_statistics(np.zeros((32, 32), np.float32), embeddings, axes=2)
    inverse = np.linalg.inv(np.cov(embeddings.T))
    probe = generator.normal(0, 1, (50, 5))
    centred = probe - embeddings.mean(axis=0)
    reference = np.sqrt(np.einsum("ni,ij,nj->n", centred, inverse, centred) / 5)
    assert np.allclose(gate.distance(probe, statistics), reference, rtol=0.1)


def test_the_limits_refuse_the_share_they_were_given():
    generator = np.random.default_rng(4)
    alike, far = generator.normal(0.7, 0.1, 2000), np.exp(generator.normal(0, 0.2, 2000))
    limits = gate.fit_limits(alike, far, refused_share=0.01)
    refused = [gate.chest_refusal(one, other, limits=limits) for one, other in zip(alike, far, strict=True)]
    assert sum(reason is not None for reason in refused) == pytest.approx(20, abs=2)
    assert gate.chest_refusal(0.2, 3.0, limits=limits) == "not_frontal_chest"
    assert gate.chest_refusal(-0.7, 1.0, limits=limits) == "inverted"
    assert gate.chest_refusal(0.7, float("nan"), limits=limits) == "not_frontal_chest"


def test_statistics_come_back_as_written(tmp_path):
    statistics = gate.fit_statistics(np.eye(32, dtype=np.float32), np.random.default_rng(0).random((20, 6)), axes=3)
    statistics.write(tmp_path / "gate.npz")
    back = gate.GateStatistics.read(tmp_path / "gate.npz")
    assert all(np.array_equal(value, getattr(back, name)) for name, value in vars(statistics).items())


def test_every_reason_is_said_in_words():
    assert all(sentence.startswith("it ") for sentence in gate.REASONS.values())
