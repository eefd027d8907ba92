"""The services of docker-compose.yml, each started by its own command on this machine.

No container engine runs here. What an engine would do is done by hand: the image's and the file's environment, the
volumes as folders, the names `postgres`, `redis` and `web` as addresses, and, where the machine permits it, a root file
system that is read-only but for the volumes.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from tests.conventions.sources import ROOT
from tests.operations import compose

REDIS_DATABASE = 8
STAY = ("web", "worker-inference", "worker-maintenance", "scheduler")
HOST = "desk.example"
READ_ONLY_ROOT = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'
SECRETS = {
    "SECRET_KEY": "operations-" + "k" * 50,
    "ALLOWED_HOSTS": HOST,
    "POSTGRES_PASSWORD": "not-used-here",
    "REDIS_PASSWORD": "not-used-here",
    "METRICS_TOKEN": "scrape-me",
    "TLS_DIR": "set-below",
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(condition: Callable[[], bool], *, seconds: float = 90) -> bool:
    """Wait for the condition; the deadline is generous, since it is no measurement."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.3)
    return False


def replaced(text: str, table: dict[str, str]) -> str:
    """The text with every pattern of the table replaced, in one pass: what was put in is not replaced again."""
    pattern = "|".join(f"({theirs})" for theirs in table)
    return re.sub(pattern, lambda match: list(table.values())[match.lastindex - 1], text)


def may_mount() -> bool:
    """Whether this machine lets a test make a read-only root of its own."""
    probe = ["unshare", "--mount", "--propagation", "private", "mount", "-o", "remount,bind,ro", "/"]
    return (
        shutil.which("unshare") is not None and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    )


@contextmanager
def database_of_its_own(database_url: str, name: str) -> Iterator[str]:
    """An empty PostgreSQL database beside the one of the URL; gone afterwards."""
    server = urlsplit(database_url)._replace(path="/postgres").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
        yield urlsplit(database_url)._replace(path=f"/{name}").geturl()
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


class Deployment:
    """Every service of the file, in folders of its own."""

    def __init__(self, folder: Path, *, database_url: str, redis_url: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.database_url = database_url
        self.redis_url = urlsplit(redis_url)._replace(path=f"/{REDIS_DATABASE}").geturl()
        self.read_only = may_mount()
        self.services = compose.load(SECRETS)["services"]
        self.processes: dict[str, subprocess.Popen] = {}
        for name in ("lightbox/media", "lightbox/graphs", "lightbox/scratch", "static", "tmp"):
            (folder / name).mkdir(parents=True)

    def _moved(self, text: str) -> str:
        """The text with the container's folders and names replaced by this machine's."""
        moved = {
            r"postgres://[^ ]*@postgres:5432/\w+": self.database_url,
            r"redis://[^ ]*@redis:6379/\d+": self.redis_url,
            r"/var/lib/lightbox": str(self.folder / "lightbox"),
            r"/srv/static": str(self.folder / "static"),
            r"(?<![\w/-])/tmp(?![\w-])": str(self.folder / "tmp"),
        }
        return replaced(text, moved)

    def environment(self, name: str) -> dict[str, str]:
        """What the image and the file set, and nothing of this test's own."""
        image = dict(re.findall(r"^\s+(?:ENV )?([A-Z_]+)=(\S+)", _image_environment(), flags=re.M))
        stated = {key: self._moved(str(value)) for key, value in (image | self.services[name]["environment"]).items()}
        path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
        return stated | {"PATH": path, "BIND": "127.0.0.1", "PORT": str(self.port), "HOSTNAME": socket.gethostname()}

    def command(self, name: str) -> list[str]:
        """The service's command, under a read-only root where that is permitted."""
        command = [self._moved(word) for word in self.services[name]["command"]]
        if not self.read_only:
            return command
        shell = ["sh", "-c", READ_ONLY_ROOT, str(self.folder)]
        return ["unshare", "--mount", "--propagation", "private", *shell, *command]

    def run(self, name: str) -> subprocess.CompletedProcess:
        """Run a service that ends by itself."""
        return subprocess.run(
            self.command(name), cwd=ROOT, env=self.environment(name), capture_output=True, text=True, check=False
        )

    def start(self, name: str) -> None:
        """Start a service that stays; its output goes to a file."""
        with self.log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self.command(name), cwd=ROOT, env=self.environment(name), stdout=log, stderr=log, start_new_session=True
            )

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def is_healthy(self, name: str) -> bool:
        """Ask as the engine would, by the service's own health check."""
        kind, *check = self.services[name]["healthcheck"]["test"]
        command = ["sh", "-c", self._moved(check[0])] if kind == "CMD-SHELL" else check
        done = subprocess.run(command, cwd=ROOT, env=self.environment(name), capture_output=True, check=False)
        return done.returncode == 0

    def manage(self, *arguments: str) -> str:
        """Run a management command in the web service's environment."""
        command = [str(ROOT / ".venv" / "bin" / "python"), "manage.py", *arguments]
        environment = self.environment("web")
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def flush_doorbell(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushdb()

    def stop(self, name: str) -> int:
        """Stop a service as the engine would: SIGTERM, then the time of its grace period."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=float(self.services[name].get("stop_grace_period", "10s").removesuffix("s")))

    def kill_all(self) -> None:
        for process in self.processes.values():
            with_group = os.getpgid(process.pid)
            os.killpg(with_group, signal.SIGKILL)
            process.wait()


def _image_environment() -> str:
    return re.search(r"^ENV (?:.*\\\n)*.*$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.M)[0]
