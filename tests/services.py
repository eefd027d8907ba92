"""Real services for tests: a private Redis, a private PostgreSQL database, and processes that surely end.

A Redis server costs ten milliseconds, so each test starts, kills and flushes one of its own. A PostgreSQL server does
not, so the one of DATABASE_URL or of this machine is used (else one is started), and each test gets a fresh database
copied from a template. A service that is not installed skips the test; with CI=true it fails it.
"""

import atexit
import contextlib
import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120.0


def missing(reason: str) -> None:
    """Skip the test that needs a service which is not there; with CI=true fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def wait_until(condition: Callable[[], Any], what: str, *, patience: float = PATIENCE) -> Any:
    """Ask again until the answer is truthy and return it; the deadline is generous, because machines are shared."""
    deadline = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain for {what}"
        time.sleep(0.03)


def free_port() -> int:
    """Return a port outside the range the kernel gives to clients: while a server is down, a client's own socket
    could otherwise take its port, or even connect to itself."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Process:
    """A program in a process group of its own, so that a signal reaches its children too; what it says is kept."""

    def __init__(
        self, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                list(arguments),
                cwd=ROOT,
                env=environment,
                start_new_session=True,
                **{"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output, **options},
            )
        atexit.register(self.end)

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)

    def end(self) -> None:
        """Kill the whole group, stopped or not, and wait; safe to call twice."""
        self.send(signal.SIGKILL)
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        atexit.unregister(self.end)

    def children(self) -> list[int]:
        """Return the process ids of its children."""
        found = Path(f"/proc/{self.popen.pid}/task/{self.popen.pid}/children").read_text()
        return [int(pid) for pid in found.split()]


class RedisServer:
    """A Redis of its own that keeps nothing on disk; may be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._program = shutil.which("redis-server") or ""
        if not self._program:
            missing("Redis is not installed (Debian: apt-get install redis-server).")
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: Process | None = None
        self.start()

    def start(self) -> None:
        arguments = f"--port {self.port} --bind 127.0.0.1 --appendonly no --dir {self._folder}".split()
        self.process = Process([self._program, *arguments, "--save", ""], log=self._folder / "redis.log")
        wait_until(self._answers, "Redis to answer")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.command("PING") == "+PONG"
        return False

    def command(self, *words: str) -> str:
        """Send one command and return the first line of the answer, as it stands on the wire."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.makefile().readline().strip()

    def waiting(self, queue: str) -> int:
        """Return how many messages lie in a queue."""
        return int(self.command("LLEN", queue).removeprefix(":"))

    def kill(self) -> None:
        """kill -9; whatever it held is gone."""
        if self.process is not None:
            self.process.end()


class PostgresServer:
    """The server that DATABASE_URL names, the one on this machine, or one started for this run."""

    def __init__(self) -> None:
        self._stop: Callable[[], Any] | None = None
        stated = os.environ.get("DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
        # Whatever database is named, databases are made and dropped from the maintenance database.
        self.url = urlunsplit(urlsplit(stated)._replace(path="/postgres"))
        if not self._answers():
            self._start()

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.Error), psycopg.connect(self.url, connect_timeout=5):
            return True
        return False

    def _start(self) -> None:
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found:
            missing("No PostgreSQL answers and none is installed (Debian: apt-get install postgresql).")
        programs = Path(found[-1]).parent
        # Not a test's own folder: PostgreSQL refuses to run as root, and another user may not enter it.
        folder = Path(tempfile.mkdtemp(prefix="lightbox-postgres-"))
        as_postgres = []
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
            as_postgres = ["runuser", "-u", "postgres", "--"]
        port = free_port()

        def run(program: str, *arguments: str) -> None:
            command = [*as_postgres, str(programs / program), "-D", str(folder / "cluster"), *arguments]
            subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL)

        run("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        self._stop = lambda: (run("pg_ctl", "-m", "immediate", "stop"), shutil.rmtree(folder))
        self.url = f"postgres://postgres@127.0.0.1:{port}/postgres"

    def stop(self) -> None:
        """Stop the server if this run started it."""
        if self._stop is not None:
            self._stop()

    @contextlib.contextmanager
    def database(self, name: str, *, template: str = "template0") -> Iterator[str]:
        """Make a database, give its URL, and drop it whoever is still connected."""
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, template)
        try:
            yield urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
