"""`make bench-inference` measures a real bundle in processes of their own and prints what it measured."""

import pytest

from bench import inference
from inference.engine.bundle import DEFAULT_BUNDLE

WAY = {"images_per_second": 108.1, "median_ms": 4.88, "p95_ms": 19.03, "seconds_to_first": 0.63, "peak_mb": 305}
STEPS = {"read": {"median_ms": 1.99, "p95_ms": 2.1}, "all": {"median_ms": 9.9, "p95_ms": 10.19}}
NUMBERS = {
    "bundle": "resnet50-v1", "network": "resnet50", "input_size": 96, "cores": 2, "rounds": 20,
    "ways": {"serving graph": {**WAY, "differs_by": 1.6e-07}},
    "steps": {"films": {"PNG": STEPS}, "peak_mb": 490},
}  # fmt: skip


def test_the_middle_and_the_late_of_twenty_times():
    assert inference.summary(range(1, 22)) == {"median_ms": 11.0, "p95_ms": 20.0}


def test_the_table_holds_every_number():
    title, _, _, way, _, memory, steps, film = inference.table(NUMBERS).splitlines()
    assert title == "resnet50-v1: resnet50, 96 px, batch 1, 2 cores, n = 20 after a warm-up"
    assert way.split() == ["serving", "graph", "108.1", "4.88", "19.03", "0.63", "305", "1.6e-07"]
    assert memory.endswith("peak 490 MB")
    assert steps.split() == ["film", "read", "all"]
    assert film.split() == ["PNG", "1.99", "(2.10)", "9.90", "(10.19)"]


def test_both_films_are_answered_and_every_step_has_its_cost(tmp_path):
    inference.make_films(tmp_path)
    found = inference.measure_steps(DEFAULT_BUNDLE, tmp_path, rounds=2)
    assert set(found["films"]) == {"PNG, 512 x 512, 8 bit", "DICOM, 3000 x 4000, 16 bit"}
    for steps in found["films"].values():
        assert {"read", "preprocess", "predict", "explain", "all"} <= set(steps)
        assert all(step["median_ms"] < steps["all"]["median_ms"] for name, step in steps.items() if name != "all")


def test_a_way_is_measured_in_a_process_of_its_own():
    found = inference.measure_apart("serving graph", DEFAULT_BUNDLE, rounds=2)
    assert sum(found.pop("probabilities")) == pytest.approx(1.0)
    assert set(found) == set(WAY)
    # The graph's process holds no TensorFlow, which alone takes more than twice this.
    assert 50 < found["peak_mb"] < 700


def test_a_bundle_that_cannot_be_measured_is_said_to_be_so(tmp_path):
    with pytest.raises(SystemExit, match=r"(?s)Expected the figures of serving graph; received: .*a bundle's card"):
        inference.measure_apart("serving graph", tmp_path, rounds=2)
