"""The whole way of a machine's upload, gunicorn included, while the doorbell is down or the server is killed."""

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.faults.desk import Desk, all_done, new_film
from tests.faults.web import Site
from tests.services import RedisServer, wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]


@pytest.fixture
def site(desk: Desk) -> Site:
    return Site(desk)


def test_a_machines_uploads_are_answered_201_while_redis_is_down(desk: Desk, redis: RedisServer, site: Site):
    redis.kill()
    answers = [site.upload(new_film(desk.folder), mrn=f"M{number}") for number in range(8)]
    assert [status for status, _ in answers] == [201] * 8
    assert len({body["id"] for _, body in answers}) == 8

    redis.start()
    desk.beat()
    desk.worker()
    desk.wait_until_finished()

    assert desk.tally() == all_done(8)
    status, scan = site.ask(f"/api/v1/scans/{answers[0][1]['id']}/")
    assert (status, len(scan["images"][0]["diagnoses"])) == (200, 1)


def insist(desk: Desk, site: Site, number: int, film: Path) -> str:
    """Upload under one key until there is an answer, as a careful machine does; return the scan's id."""

    def answered() -> str:
        with suppress(OSError, HTTPException):
            status, body = site.upload(film, mrn=f"M{number}")
            if status == 201:
                return body["id"]
            assert status == 409, body
            # The try that was killed holds the key for five minutes: let them pass.
            desk.rows("UPDATE scans_idempotencykey SET created_at = created_at - interval '1 hour' RETURNING 1")
        return ""

    return wait_until(answered, "an answer")


def test_uploads_cut_off_by_a_killed_web_server_and_sent_again_are_there_once(desk: Desk, site: Site):
    films = [new_film(desk.folder) for _ in range(24)]
    with ThreadPoolExecutor(4) as machines:
        insisting = [machines.submit(insist, desk, site, number, film) for number, film in enumerate(films)]
        for so_far in (5, 12):
            wait_until(lambda enough=so_far: desk.tally()["accepted"] >= enough, "some scans")
            site.process.send(signal.SIGKILL)
            site.start()
        ids = [each.result() for each in insisting]
    desk.worker()
    desk.beat()
    desk.wait_until_finished()

    assert len(set(ids)) == 24
    assert desk.tally() == all_done(24)
