"""The embedded desk (SQLite, a folder as broker, no other service) keeps the same promise."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faults.desk import Desk, Door, all_done
from tests.services import wait_until

pytestmark = pytest.mark.slow

UPLOADS = 15


@pytest.fixture
def embedded_desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, database=str(tmp_path / "lightbox.sqlite3"))
    desk.manage("migrate", "--no-input", "--verbosity", "0")
    desk.manage("register_model", "--activate-if-first")
    yield desk
    desk.close()


def send_many(door: Door) -> int:
    return len([door.send() for _ in range(UPLOADS)])


def test_an_embedded_desk_loses_nothing_when_workers_are_killed_while_two_people_upload(
    embedded_desk: Desk, tmp_path: Path
):
    desk = embedded_desk
    first = desk.ready_worker()
    desk.catch_in_mid_job(first)
    before = desk.tally()["accepted"]
    first.send(signal.SIGKILL)

    desk.beat()
    second = desk.worker()
    with ThreadPoolExecutor() as people:
        sent = sum(people.map(send_many, [desk.door(), desk.door()]))
    wait_until(lambda: desk.tally()["diagnoses"] > before + UPLOADS // 2, "the second worker to be at work")
    second.send(signal.SIGKILL)
    desk.worker()
    desk.wait_until_finished()

    assert desk.tally() == all_done(before + sent)
    assert sent == 2 * UPLOADS
    assert max(desk.attempts()) > 1
    assert desk.rows("PRAGMA integrity_check") == [("ok",)]
    assert not [process.log.name for process in desk.processes if "database is locked" in process.output]
    # The sweeper rings for what waits; the worker answers its rings faster than they come.
    wait_until(lambda: len(list(tmp_path.glob("broker/messages/*"))) < 5, "the rings to be answered")
