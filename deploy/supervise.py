"""Runs the Procfile with honcho, and stops it gently: each process is asked alone, its whole group is killed only late.

honcho itself signals whole groups. That kills Celery's child in mid-task and makes the parent start another, which then
has to be killed as well: a scan would wait for its lease to run out, and Ctrl-C would take the longest.
"""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from honcho import manager
from honcho.environ import parse_procfile

GRACE_SECONDS = 15


class AskAloneKillTogether:
    """What honcho's Manager does its stopping with."""

    def terminate(self, pid: int) -> None:
        """Ask the process; it knows best how to end its children."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)

    def kill(self, pid: int) -> None:
        """End the process and everything it started."""
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def main() -> int:
    """Run until one process ends or somebody asks to stop; returns honcho's exit status."""
    manager.ProcessManager = AskAloneKillTogether
    manager.KILL_WAIT = GRACE_SECONDS
    desk = manager.Manager()
    for name, command in parse_procfile(Path("Procfile").read_text(encoding="utf-8")).processes.items():
        desk.add_process(name, command, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    # A closed terminal is a wish to stop; without this the desk would run on, out of reach.
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    desk.loop()
    for process in desk._processes.values():
        desk._procmgr.kill(process["pid"])
    return desk.returncode or 0


if __name__ == "__main__":
    sys.exit(main())
