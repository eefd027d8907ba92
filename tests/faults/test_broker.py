"""The broker forgets, dies or falls silent; every upload is taken, quickly, and every scan is read."""

import socket
import statistics

import pytest

from portal.broker import REDIS_OPTIONS
from tests.faults.desk import Desk, all_done, large_film
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]


def test_messages_that_redis_forgot_are_rung_again(desk: Desk, redis: RedisServer):
    desk.send(12)
    assert redis.waiting("inference") == 12

    redis.command("FLUSHALL")
    assert redis.waiting("inference") == 0
    desk.beat()
    desk.worker()
    desk.wait_until_finished()

    assert desk.tally() == all_done(12)


def test_redis_flushed_under_running_workers_loses_nothing(desk: Desk, redis: RedisServer):
    desk.beat()
    desk.ready_worker()
    for _ in range(12):
        desk.send()
        redis.command("FLUSHALL")
    desk.wait_until_finished()

    assert desk.tally() == all_done(12)


def test_uploads_are_taken_while_redis_is_down_and_read_when_it_is_back(desk: Desk, redis: RedisServer):
    desk.beat()
    worker = desk.ready_worker()
    door = desk.door()
    with_redis = [door.send()["seconds"] for _ in range(6)]
    desk.wait_until_finished()
    desk.send(film=large_film(desk.folder))
    wait_until(lambda: desk.rows("SELECT 1 FROM inference_job WHERE status = 'running'"), "a job to be running")

    redis.kill()
    desk.wait_until_finished()  # the job that was running needs no broker to end
    assert desk.attempts() == [1] * 7
    without_redis = [door.send()["seconds"] for _ in range(12)]
    assert statistics.median(without_redis) < 10 * statistics.median(with_redis)
    assert desk.tally()["accepted"] == 19

    redis.start()
    desk.wait_until_finished()
    assert desk.tally() == all_done(19)
    assert worker.is_running
    assert "Connection to broker lost" in worker.output


def test_a_broker_that_never_answers_does_not_hold_an_upload(desk: Desk):
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        door = desk.door(REDIS_URL=f"redis://127.0.0.1:{black_hole.getsockname()[1]}/0")
        seconds = [door.send()["seconds"] for _ in range(4)]
        # One try, no second one: what an upload waits for is one time-out.
        assert min(seconds) < 2 * REDIS_OPTIONS["socket_timeout"]
    desk.beat()
    desk.worker()
    desk.wait_until_finished()

    assert desk.tally() == all_done(4)
