"""A worker that goes silent inside a transaction holds a row's lock; nobody may wait for it without end."""

import signal

import pytest

from tests.faults.desk import Desk, all_done
from tests.services import wait_until

pytestmark = [pytest.mark.services, pytest.mark.slow]

TIMEOUT = "idle_in_transaction_session_timeout"
LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"


def test_the_database_ends_a_transaction_whose_process_went_silent(desk: Desk):
    ask = f"from django.db import connection as c; k = c.cursor(); k.execute('SHOW {TIMEOUT}'); print(k.fetchone()[0])"
    assert desk.manage("shell", "--no-imports", "-c", ask).strip() == "1min"


def test_a_worker_that_freezes_inside_its_transaction_does_not_stop_the_others(desk: Desk):
    sooner = f"{desk.database}?options=-c%20{TIMEOUT}%3D3000"
    frozen = desk.ready_worker("-I", "tests.faults.freeze", DATABASE_URL=sooner)
    desk.send()
    wait_until(lambda: desk.rows(LOCKED) == [(1,)], "the worker to freeze in its transaction")

    desk.beat()
    desk.worker()
    desk.send(3)
    desk.wait_until_finished()
    frozen.send(signal.SIGCONT)
    wait_until(lambda: "attempt failed" in frozen.output, "the frozen worker to find its connection gone")

    assert desk.tally() == all_done(4)
