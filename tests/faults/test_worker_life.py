"""A worker in a quiet hour: the urgent first, a newly activated model, no TensorFlow, the operator's rings."""

import os
import signal
from pathlib import Path

import pytest

from tests.faults.desk import CELERY, Desk, all_done
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]

STAT, URGENT, ROUTINE = 1, 2, 3


def test_every_ring_reads_up_to_five_more_urgent_scans_first(desk: Desk):
    desk.send(10, priority=ROUTINE)
    desk.send(2, priority=URGENT)
    desk.send(7, priority=STAT)
    desk.worker()
    desk.wait_until_finished()

    order = """SELECT scan.priority FROM scans_diagnosis AS diagnosis JOIN scans_image AS image ON image.id = image_id
               JOIN scans_scan AS scan ON scan.id = image.scan_id ORDER BY diagnosis.created_at"""
    first_ring = [STAT] * 5 + [ROUTINE]
    second_ring = [STAT, STAT, URGENT, URGENT, ROUTINE]
    assert [row[0] for row in desk.rows(order)] == first_ring + second_ring + [ROUTINE] * 8
    assert desk.tally() == all_done(19)


def test_a_running_worker_serves_a_newly_activated_model_without_tensorflow(desk: Desk):
    desk.rows("UPDATE inference_modelversion SET status = 'registered' RETURNING 1")
    worker = desk.ready_worker()
    desk.send()
    desk.wait_until_finished()
    assert desk.tally() == all_done(1) | {"diagnoses": 0, "distinct_pairs": 0, "audited": 0}

    weights = desk.rows("SELECT weights_sha256 FROM inference_modelversion")[0][0]
    desk.activate(weights)
    desk.send()
    desk.wait_until_finished()

    assert desk.tally() == all_done(2) | {"diagnoses": 1, "distinct_pairs": 1, "audited": 1}
    assert worker.is_running
    for process in [worker.popen.pid, *worker.children()]:
        loaded = Path(f"/proc/{process}/maps").read_text()
        assert "libtensorflow" not in loaded
    assert "libopenvino" in loaded


def test_the_operator_rings_for_what_was_lost_without_a_scheduler(desk: Desk, redis: RedisServer):
    desk.send(3)
    redis.command("FLUSHALL")

    assert "3 scans requeued" in desk.manage("requeue_stuck_scans")
    assert redis.waiting("inference") == 3
    desk.worker()
    wait_until(lambda: desk.tally() == all_done(3), "the scans to be read")


def test_a_child_that_dies_is_replaced_though_its_model_loads_slowly(desk: Desk):
    worker = desk.worker("-I", "tests.faults.slow_start")
    desk.send()
    desk.wait_until_finished()

    os.kill(worker.children()[0], signal.SIGKILL)
    desk.send(2)
    desk.wait_until_finished()

    assert desk.tally() == all_done(3)
    assert "Timed out waiting for UP message" not in worker.output


def test_rings_for_a_long_queue_do_not_pile_up_in_front_of_the_next_scan(desk: Desk, redis: RedisServer):
    desk.environment |= {"RING_AGAIN_AFTER_SECONDS": "0.5", "SWEEP_EVERY_SECONDS": "0.2"}
    desk.send(20)
    desk.beat()
    sweeper = desk.start(*CELERY, "worker", "-Q", "maintenance", "-c", "1", "-n", "sweeper@%h", name="sweeper")
    wait_until(lambda: redis.waiting("inference") > 160, "the sweeper to have rung for each scan many times")
    reader = desk.worker()
    desk.wait_until_finished()
    sweeper.end()
    wait_until(lambda: redis.waiting("inference") == 0, "every ring to be answered")

    assert desk.tally() == all_done(20)
    answered = [line for line in reader.output.splitlines() if "pipeline.diagnose" in line and "succeeded" in line]
    # Each ring still counted would have been answered: far more than one a scan.
    assert len(answered) < 80
