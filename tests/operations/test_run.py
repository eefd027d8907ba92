"""What `make run` starts once .venv is there: the whole embedded desk, from an empty folder to its last process."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.conventions.sources import ROOT
from tests.operations.browser import Browser
from tests.operations.deployment import free_port, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("operations")]


class Desk:
    """One run of deploy/start in a session of its own, as a terminal would start it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port = free_port()
        self.output = state.parent / "output"
        self.process: subprocess.Popen | None = None

    @property
    def environment(self) -> dict[str, str]:
        ours = {"STATE_DIR": str(self.state), "PORT": str(self.port)}
        return {"PATH": os.environ["PATH"], "LIGHTBOX_GRAPH_DIR": os.environ["LIGHTBOX_GRAPH_DIR"]} | ours

    def start(self) -> str:
        """Start, wait for the welcome, return everything said so far."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [ROOT / "deploy" / "start"], env=self.environment, stdout=output, stderr=output, start_new_session=True
            )
        assert until(lambda: "Research use" in self.said() or self.process.poll() is not None, seconds=240), self.said()
        assert self.process.poll() is None, self.said()
        return self.said()

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def processes(self) -> dict[int, str]:
        """Every process that was started with this desk's state folder, wherever it hangs."""
        mark = f"STATE_DIR={self.state}\0".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except (OSError, ProcessLookupError):
                continue
        return found

    def send(self, number: int) -> None:
        """Send a signal to the whole foreground group, as the terminal does."""
        os.killpg(self.process.pid, number)

    def has_ended(self) -> bool:
        return until(lambda: self.process.poll() is not None and not self.processes(), seconds=30)

    def gauges(self) -> dict[str, float]:
        text = Browser(f"http://127.0.0.1:{self.port}", host=f"127.0.0.1:{self.port}").open("/metrics").text
        return {name: float(value) for name, value in re.findall(r"^(lightbox_\S+) (\S+)$", text, flags=re.M)}

    def has_read_everything(self) -> bool:
        gauges = self.gauges()
        return gauges['lightbox_jobs{status="done"}'] == 12 and gauges["lightbox_scans_unfinished"] == 0


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("run") / "state")
    yield desk
    for pid in desk.processes():
        os.kill(pid, signal.SIGKILL)
    if desk.process is not None:
        desk.process.wait()


def test_from_nothing_to_a_signed_in_person_and_twelve_read_scans(desk):
    said = desk.start()
    assert said.index("Lightbox is ready") < said.index("Sign in as any of these")
    assert f"http://127.0.0.1:{desk.port}/" in said
    password = re.search(r"password of all is\s+(\S+)", said)[1]
    browser = Browser(f"http://127.0.0.1:{desk.port}", host=f"127.0.0.1:{desk.port}")
    browser.headers |= {"Origin": browser.base, "Referer": f"{browser.base}/"}
    assert browser.sign_in("radiologist@north.example", password) == 302
    assert "Demo, Alder" in browser.open("/worklist/").text
    assert until(desk.has_read_everything), desk.said()


def test_the_static_files_are_served_without_a_step_before(desk):
    browser = Browser(f"http://127.0.0.1:{desk.port}", host=f"127.0.0.1:{desk.port}")
    names = re.findall(r'(?:src|href)="(/static/[^"]+\.(?:css|js))"', browser.open("/").text)
    assert names
    assert {browser.open(name).status for name in names} == {200}


def test_ctrl_c_ends_every_process_and_loses_nothing_at_work(desk):
    kinds = " ".join(desk.processes().values())
    for part in ("gunicorn", "celery --quiet --app portal worker", "celery --quiet --app portal beat"):
        assert part in kinds
    desk.send(signal.SIGINT)
    assert desk.has_ended(), desk.processes()
    assert "SIGKILL" not in desk.said()
    assert "ForkPoolWorker" not in desk.said()


def test_the_state_survives_and_the_second_start_adds_nothing(desk):
    said = desk.start()
    assert "0 of them sent now" in said
    assert desk.has_read_everything()


def test_a_busy_port_is_said_at_once(desk):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environment = desk.environment | {"PORT": str(taken.getsockname()[1])}
        done = subprocess.run(
            [ROOT / "deploy" / "start"], env=environment, capture_output=True, text=True, check=False, timeout=30
        )
    assert done.returncode == 1
    assert "Expected port" in done.stderr


def test_a_closed_terminal_ends_every_process(desk):
    desk.send(signal.SIGHUP)
    assert desk.has_ended(), desk.processes()
