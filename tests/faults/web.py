"""gunicorn with the product's own configuration, and a machine that knows a key."""

import json
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults.desk import GUNICORN, Desk
from tests.services import Process, free_port, wait_until

BOUNDARY = "between-the-parts-of-an-upload"


class Site:
    """A desk's web server on a port of its own; killed and started again by the test."""

    def __init__(self, desk: Desk, *, processes: int = 1) -> None:
        self._desk, self._port, self._processes = desk, free_port(), processes
        self._key = desk.door().key()
        self.process: Process | None = None
        self.start()

    def start(self) -> None:
        stated = {"PORT": str(self._port), "WEB_CONCURRENCY": str(self._processes)}
        self.process = self._desk.start(*GUNICORN, name="web", **stated)
        wait_until(self._answers, "the site to answer")

    def _answers(self) -> bool:
        with suppress(OSError):
            return self.ask("/healthz")[0] == 200
        return False

    def upload(self, film: Path, *, mrn: str) -> tuple[int, Any]:
        """Post one film under a key of its patient's; return the status and the answer."""
        part = 'Content-Disposition: form-data; name="{}"'
        field = [f"--{BOUNDARY}", part.format("patient_mrn"), "", mrn]
        file = [f"--{BOUNDARY}", part.format("images") + '; filename="film.png"', "Content-Type: image/png", "", ""]
        body = "\r\n".join([*field, *file]).encode() + film.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()
        return self.ask("/api/v1/scans/", body, **{"Idempotency-Key": mrn})

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
        stated = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            **headers,
        }
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}", data=body, headers=stated)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, refusal.read().decode(errors="replace")
