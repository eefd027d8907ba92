"""A whole desk for one test: a database, a broker, a folder of pictures, and as many workers as the test wants.

What became of the scans is read from the database with plain SQL, never from logs. The shipped model runs in every
worker; the times below are short so that a lease runs out while a test waits.
"""

import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from PIL import Image

from inference.engine import synthetic
from tests.services import PATIENCE, ROOT, Process, wait_until

CELERY = [sys.executable, "-m", "celery", "-A", "portal"]
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "portal.wsgi"]
GRAPHS = os.environ.get("LIGHTBOX_GRAPH_DIR", str(ROOT / "var" / "graphs"))
STATED = {
    "SECRET_KEY": "only-for-tests-" + "x" * 50,
    "HTTPS": "off",
    "LIGHTBOX_GRAPH_DIR": GRAPHS,
    "JOB_LEASE_SECONDS": "3",
    "JOB_BACKOFF_SECONDS": "0.5",
    "RING_AGAIN_AFTER_SECONDS": "2",
    "SWEEP_EVERY_SECONDS": "1",
    # A worker that is asked to stop hands its task back instead of waiting for it without end.
    "REMAP_SIGTERM": "SIGQUIT",
}
# One row: how many there are of everything that must agree.
TALLY = """
    SELECT (SELECT count(*) FROM scans_scan),
           (SELECT count(*) FROM scans_scan WHERE status = 'awaiting_review' AND analysis_finished_at IS NOT NULL),
           (SELECT count(*) FROM scans_image WHERE prepared_at IS NOT NULL),
           (SELECT count(*) FROM scans_diagnosis),
           (SELECT count(*) FROM (SELECT DISTINCT image_id, model_version_id FROM scans_diagnosis) AS pairs),
           (SELECT count(*) FROM accounts_auditentry WHERE action = 'diagnosis.recorded'),
           (SELECT count(*) FROM inference_job WHERE status = 'failed')
"""
FILM_NUMBERS = itertools.count()
TALLY_NAMES = ("accepted", "done", "prepared", "diagnoses", "distinct_pairs", "audited", "failed")


def all_done(count: int) -> dict[str, int]:
    """Return the tally of `count` scans none of which was lost, doubled or failed."""
    return dict.fromkeys(TALLY_NAMES, count) | {"failed": 0}


def environment(state: Path, **more: str) -> dict[str, str]:
    """Return the whole environment of a desk's process: nothing of the test's own leaks in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "STATE_DIR": str(state), **STATED, **more}


def manage(desk_environment: dict[str, str], *arguments: str) -> str:
    """Run manage.py to its end and return what it printed."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=desk_environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Desk:
    """One desk. `database` is a PostgreSQL URL, or the path of the embedded desk's SQLite file."""

    def __init__(self, folder: Path, *, database: str, broker: str = "") -> None:
        self.folder = folder
        self.database = database
        self.is_embedded = not database.startswith("postgres")
        services = {} if self.is_embedded else {"DATABASE_URL": database, "REDIS_URL": broker}
        self.environment = environment(folder, **services)
        self.processes: list[Process] = []
        self._door: Door | None = None
        self._connection: psycopg.Connection | None = None

    # --- Processes ----------------------------------------------------------------------------------------------------
    def start(self, *arguments: str, name: str, **more: str) -> Process:
        log = self.folder / f"{len(self.processes)}-{name}.log"
        process = Process(arguments, log=log, environment={**self.environment, **more})
        self.processes.append(process)
        return process

    def worker(self, *options: str, **more: str) -> Process:
        """Start a worker; does not wait until it is ready."""
        host = f"w{len(self.processes)}@%h"
        queues = ["-Q", "inference,maintenance", "-P", "prefork", "-c", "1", "-n", host, "--loglevel", "INFO"]
        return self.start(*CELERY, "worker", *queues, *options, name="worker", **more)

    def ready_worker(self, *options: str, **more: str) -> Process:
        worker = self.worker(*options, **more)
        wait_until(lambda: " ready." in worker.output, "a worker to be ready")
        return worker

    def beat(self) -> Process:
        return self.start(*CELERY, "beat", "-s", str(self.folder / "schedule"), "--pidfile=", name="beat")

    def manage(self, *arguments: str) -> str:
        return manage(self.environment, *arguments)

    def close(self) -> None:
        for process in self.processes:
            process.end()
        if self._connection is not None:
            self._connection.close()

    # --- Sending ------------------------------------------------------------------------------------------------------
    def door(self, **more: str) -> "Door":
        """Open a further door, for instance one that rings elsewhere."""
        return Door(self, **more)

    def send(self, count: int = 1, *, priority: int = 3, film: Path | None = None) -> list[str]:
        """Send `count` scans through the desk's own door and return their ids."""
        self._door = self._door or self.door()
        return [self._door.send(priority=priority, film=film)["scan"] for _ in range(count)]

    def managers(self) -> list[str]:
        """Return the emails of two model managers of the door's hospital."""
        self._door = self._door or self.door()
        return self._door.managers()

    def activate(self, version: str) -> str:
        """Let the two managers activate a registered version; returns what the command printed."""
        asker, approver = self.managers()
        return self.manage("activate_model", version, "--asked-by", asker, "--approved-by", approver)

    # --- What became of it --------------------------------------------------------------------------------------------
    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        if not self.is_embedded:
            self._connection = self._connection or psycopg.connect(self.database, autocommit=True)
            return self._connection.execute(statement).fetchall()
        connection = sqlite3.connect(self.database, timeout=20, isolation_level=None)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    def tally(self) -> dict[str, int]:
        return dict(zip(TALLY_NAMES, self.rows(TALLY)[0], strict=True))

    def wait_until_finished(self, *, patience: float = PATIENCE) -> None:
        """Wait until no scan has anything left to do."""
        unfinished = "SELECT count(*) FROM scans_scan WHERE analysis_finished_at IS NULL"
        wait_until(lambda: self.rows(unfinished) == [(0,)], "every scan to be finished", patience=patience)

    def attempts(self) -> list[int]:
        """Return how often each job was begun."""
        return [row[0] for row in self.rows("SELECT attempts FROM inference_job ORDER BY created_at")]

    def catch_in_mid_job(self, worker: Process, *, tries: int = 20) -> None:
        """Send scans until the worker is stopped (SIGSTOP) in the middle of one's job.

        It is in the middle when, after it stopped, the job is still running under a lease and the job's row is not
        locked: a worker stopped while it commits its answer is let go and the next scan tried.
        """
        running = "SELECT count(*) FROM inference_job WHERE status = 'running'"
        free = (
            "SELECT id FROM inference_job WHERE status = 'running' AND lease_token IS NOT NULL FOR UPDATE SKIP LOCKED"
        )
        for _ in range(tries):
            self.send(film=large_film(self.folder))
            wait_until(lambda: self.rows(running) == [(1,)], "a job to be running")
            worker.send(signal.SIGSTOP)
            if len(self.rows(running if self.is_embedded else free)) == 1 and self.rows(running) == [(1,)]:
                return
            worker.send(signal.SIGCONT)
            self.wait_until_finished()
        raise AssertionError(f"the worker could not be caught in mid-job in {tries} tries")


class Door:
    """A process through which scans come in, see tests/faults/sender.py."""

    def __init__(self, desk: Desk, **more: str) -> None:
        self._desk = desk
        self.process = Process(
            [sys.executable, "-m", "tests.faults.sender"],
            log=desk.folder / f"{len(desk.processes)}-door.log",
            environment={**desk.environment, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        desk.processes.append(self.process)

    def send(self, *, priority: int = 3, film: Path | None = None) -> dict[str, Any]:
        """Send one scan and return its id and how many seconds the door was busy with it."""
        return self._ask({"file": str(film or new_film(self._desk.folder)), "priority": priority})

    def ring(self, scan: str) -> None:
        """Ring for a scan once more."""
        self._ask({"scan": scan})

    def key(self) -> str:
        """Return an API key of this door's hospital."""
        return self._ask({"key": True})["key"]

    def managers(self) -> list[str]:
        """Return the emails of two model managers of this door's hospital."""
        return self._ask({"managers": True})["managers"]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self.process.popen.stdin, self.process.popen.stdout
        stdin.write(json.dumps(request) + "\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer, "the door closed:\n" + self.process.output[-3000:]
        return json.loads(answer)


def new_film(folder: Path) -> Path:
    """Write a synthetic chest X-ray whose bytes no other film of this test has."""
    number = next(FILM_NUMBERS)
    pixels = synthetic.sample(synthetic.labels()[number % 3], number % 6).copy()
    pixels[0, :16] = [255 * (number >> bit & 1) for bit in range(16)]
    path = folder / f"film-{number}.png"
    Image.fromarray(pixels).save(path, compress_level=1)
    return path


def large_film(folder: Path) -> Path:
    """Write a film of a flat detector's size: decoding and rendering it takes long enough to be interrupted."""
    path = new_film(folder)
    with Image.open(path) as film:
        film.resize((3000, 3000)).save(path, compress_level=1)
    return path
