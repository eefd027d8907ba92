"""The gate: what is not a readable frontal chest X-ray gets no answer, and real films pass."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image

from inference.engine import gate
from inference.engine.lung_looks import fit_lung_limits, look
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


def measures(count=2000):
    generator = np.random.default_rng(4)
    return generator.normal(0.7, 0.1, count), np.exp(generator.normal(0, 0.2, count))


def lungs(*, left=20, right=20, gap=16, top=20):
    """Two lungs beside a gap, with soft edges, as a finder marks them in a film of 96 x 96."""
    found = np.zeros((96, 96), np.float32)
    found[top : top + 50, 48 - gap // 2 - left : 48 - gap // 2] = 1
    found[top : top + 50, 48 + gap // 2 : 48 + gap // 2 + right] = 1
    return np.asarray(Image.fromarray(found).resize((48, 48), Image.Resampling.BOX).resize((96, 96)))


@pytest.fixture(scope="module")
def limits():
    drawn = np.random.default_rng(3).integers(16, 25, (400, 2))
    usual = [look(lungs(left=int(left), right=int(right))) for left, right in drawn]
    return replace(gate.fit_limits(*measures(), refused_share=0.01), lungs=fit_lung_limits(usual, refused_share=0.01))


def test_the_limits_refuse_the_share_they_were_given(limits):
    usual = look(lungs())
    refused = [
        gate.chest_refusal(gate.Looks(alike, far, usual), limits=limits) for alike, far in zip(*measures(), strict=True)
    ]
    assert sum(reason is not None for reason in refused) == pytest.approx(20, abs=2)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (gate.Looks(0.7, 1.0, look(lungs())), None),
        (gate.Looks(0.2, 3.0, look(lungs())), "not_frontal_chest"),
        (gate.Looks(-0.7, 1.0, look(lungs())), "inverted"),
        (gate.Looks(0.7, float("nan"), look(lungs())), "not_frontal_chest"),
        # One broad lung over the spine, as from the side.
        (gate.Looks(0.7, 1.0, look(lungs(gap=0))), "odd_lungs"),
        (gate.Looks(0.7, 1.0, look(lungs(top=0))), "over_cropped"),
        (gate.Looks(0.7, 1.0, look(np.zeros((96, 96), np.float32))), "no_lungs"),
    ],
)
def test_what_the_film_looks_like_decides(limits, seen, reason):
    assert gate.chest_refusal(seen, limits=limits) == reason


def test_without_a_finder_the_lungs_decide_nothing(limits):
    assert gate.chest_refusal(gate.Looks(0.7, 1.0), limits=replace(limits, lungs=None)) is None


def test_limits_come_back_from_a_cards_json(limits):
    stored = json.loads(json.dumps(asdict(limits)))
    assert (
        gate.chest_refusal(gate.Looks(0.7, 1.0, look(lungs(gap=0))), limits=gate.GateLimits.of(stored)) == "odd_lungs"
    )


def test_what_is_measured_of_lungs():
    both = look(lungs(left=20, right=20, gap=16))
    assert both.middle == 0
    assert both.imbalance < 0.02
    assert both.at_edge == 0
    assert look(lungs(left=30, right=10)).imbalance > 0.1
    assert look(lungs(gap=0)).middle > 0.9
    assert look(lungs(top=0)).at_edge == pytest.approx(40 / 380, abs=0.02)
    assert look(0.3 + 0.4 * lungs()).log_unsure > both.log_unsure


def test_statistics_come_back_as_written(tmp_path):
    statistics = gate.fit_statistics(np.eye(32, dtype=np.float32), np.random.default_rng(0).random((20, 6)), axes=3)
    statistics.write(tmp_path / "gate.npz")
    back = gate.GateStatistics.read(tmp_path / "gate.npz")
    assert all(np.array_equal(value, getattr(back, name)) for name, value in vars(statistics).items())


def test_every_reason_is_said_in_words():
    assert all(sentence.startswith("it ") for sentence in gate.REASONS.values())
