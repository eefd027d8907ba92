"""The class-activation map comes from the pass that gave the answer, and never divides by zero."""

import numpy as np

from inference.engine import network
from inference.engine.explain import class_activation_map
from tests.inference import tiny


def test_the_mean_of_the_evidence_is_the_score():
    model = network.build("tiny", label_count=3, networks=tiny.NETWORKS)
    kernel, bias = (np.asarray(part) for part in network.head(model))
    found = model(np.random.default_rng(0).random((2, 32, 32, 1), dtype=np.float32))
    pooled = np.asarray(found["last_map"]).mean(axis=(1, 2)) @ kernel + bias
    assert np.allclose(pooled, np.asarray(found["logits"]), atol=1e-5)


def test_the_strongest_place_is_one_and_what_speaks_against_is_zero():
    last_map = np.zeros((2, 2, 2), dtype=np.float32)
    last_map[0, 0] = (4, 0)
    last_map[0, 1] = (1, 0)
    last_map[1, 1] = (0, 5)
    kernel = np.array([[1.0, 0.0], [-1.0, 1.0]], dtype=np.float32)
    assert class_activation_map(last_map, kernel, 0).tolist() == [[1.0, 0.25], [0.0, 0.0]]


def test_a_map_without_evidence_stays_zero():
    found = class_activation_map(np.zeros((3, 3, 4), np.float32), np.ones((4, 2), np.float32), 1)
    assert found.dtype == np.float16
    assert not found.any()
    assert not class_activation_map(np.ones((3, 3, 4), np.float32), -np.ones((4, 2), np.float32), 1).any()
