"""Workers die, stall, stop and are handed the same scan; each scan is read exactly once."""

import os
import random
import signal

import pytest

from tests.faults.desk import Desk, all_done, large_film
from tests.services import wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]

SCANS = 60
KILLS = 5


def test_a_scan_whose_worker_was_killed_in_mid_job_is_finished_by_another(desk: Desk):
    first = desk.ready_worker()
    desk.catch_in_mid_job(first)
    before = desk.tally()

    first.send(signal.SIGKILL)
    desk.beat()
    desk.worker()
    desk.wait_until_finished()

    assert before["diagnoses"] == before["accepted"] - 1
    assert desk.tally() == all_done(before["accepted"])
    assert desk.attempts() == [1] * before["diagnoses"] + [2]


def test_a_worker_that_stalls_past_its_lease_is_fenced_out(desk: Desk):
    stalled = desk.ready_worker()
    desk.catch_in_mid_job(stalled)
    count = desk.tally()["accepted"]
    desk.beat()
    desk.worker()
    desk.wait_until_finished()
    written = desk.rows("SELECT id, created_at FROM scans_diagnosis ORDER BY id")

    stalled.send(signal.SIGCONT)
    wait_until(lambda: "fenced out" in stalled.output, "the stalled worker to find its lease gone")

    assert desk.tally() == all_done(count)
    assert desk.rows("SELECT id, created_at FROM scans_diagnosis ORDER BY id") == written
    assert desk.attempts() == [1] * (count - 1) + [2]


def test_no_scan_is_lost_while_workers_are_killed_at_random(desk: Desk):
    chance = random.Random(7)
    desk.beat()
    workers = [desk.worker(), desk.worker()]
    desk.send(SCANS)

    for kill in range(1, KILLS + 1):
        wait_until(lambda so_far=kill: desk.tally()["diagnoses"] >= so_far * SCANS // (KILLS + 1), "some diagnoses")
        victim = chance.choice(workers)
        victim.end()
        workers[workers.index(victim)] = desk.worker()
    desk.wait_until_finished()

    assert desk.tally() == all_done(SCANS)


def test_a_scan_handed_to_two_workers_many_times_is_read_once(desk: Desk):
    workers = [desk.ready_worker(), desk.ready_worker()]
    door = desk.door()
    scans = [door.send(film=large_film(desk.folder))["scan"] for _ in range(3)]
    for _ in range(20):
        for scan in scans:
            door.ring(scan)
    desk.wait_until_finished()
    rings = 3 + 3 * 20

    def answered() -> list[int]:
        return [worker.output.count("scans.pipeline.diagnose") // 2 for worker in workers]

    wait_until(lambda: sum(answered()) >= rings, "every ring to be answered")
    assert min(answered()) > 0
    assert desk.tally() == all_done(3)
    assert desk.attempts() == [1, 1, 1]


def test_a_worker_asked_to_stop_ends_its_scan_and_leaves_the_rest_to_the_next(desk: Desk):
    first = desk.ready_worker("worker.soft_shutdown_timeout=10")
    desk.send(film=large_film(desk.folder))
    desk.send(5)
    wait_until(lambda: desk.rows("SELECT 1 FROM inference_job WHERE status = 'running'"), "a job to be running")

    os.kill(first.popen.pid, signal.SIGTERM)
    wait_until(lambda: not first.is_running, "the worker to exit")
    assert desk.rows("SELECT count(*) FROM inference_job WHERE status = 'running'") == [(0,)]

    desk.beat()
    desk.worker()
    desk.wait_until_finished()
    assert desk.tally() == all_done(6)
    assert desk.attempts() == [1] * 6
