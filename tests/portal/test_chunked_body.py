"""A body sent in chunks without a length arrives whole, or is refused; never is it read as nothing. Real gunicorn."""

import contextlib
import hashlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from portal.chunked_body import ChunkedBody
from scans.models import Image, Scan
from tests.callers import SCANS, key_of
from tests.conftest import make_staff
from tests.pictures import png_bytes

ROOT = Path(__file__).resolve().parents[2]
CAP = 3 * 1024 * 1024
BOUNDARY = "frontier"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def database_url() -> str:
    stated = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{stated['NAME']}"
    return f"postgres://{stated['USER']}:{stated['PASSWORD']}@{stated['HOST']}:{stated['PORT']}/{stated['NAME']}"


@pytest.fixture
def key(transactional_db) -> dict[str, str]:
    staff = make_staff("north")
    return key_of(staff.integrator, staff.hospital)


@pytest.fixture
def port(key, tmp_path) -> Iterator[int]:
    """The port of a real gunicorn that serves the product on the tests' database."""
    port = free_port()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database_url(),
        "STATE_DIR": str(tmp_path / "state"),
        "UPLOAD_MAX_BYTES_PER_REQUEST": str(CAP),
        "HTTPS": "off",
    }
    command = [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as server:
        try:
            deadline = time.monotonic() + 60
            while not is_listening(port) and time.monotonic() < deadline:
                time.sleep(0.1)
            yield port
        finally:
            server.terminate()


def form(film: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="patient_mrn"\r\n\r\nMRN1\r\n--{BOUNDARY}\r\n'
    head += 'Content-Disposition: form-data; name="images"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return head.encode() + film + f"\r\n--{BOUNDARY}--\r\n".encode()


def pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


def post_in_chunks(port: int, key: dict[str, str], body: bytes) -> int:
    headers = key | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Transfer-Encoding": "chunked"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as link:
        link.request("POST", SCANS, body=pieces(body), headers=headers, encode_chunked=True)
        return link.getresponse().status


def post_raw(port: int, key: dict[str, str], after_headers: bytes, *framing: str) -> int:
    """Send bytes as they are, close our side, return the answer's status."""
    lines = [
        f"POST {SCANS} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: {key['Authorization']}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        *framing,
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        link.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + after_headers)
        link.shutdown(socket.SHUT_WR)
        return int(b"".join(iter(lambda: link.recv(65536), b"")).split(b" ")[1])


def test_a_film_in_chunks_without_a_length_arrives_whole(port, key):
    film = png_bytes()
    assert post_in_chunks(port, key, form(film)) == 201
    assert Image.objects.get().received_sha256 == hashlib.sha256(film).hexdigest()


def test_what_cannot_be_a_whole_body_is_refused_and_stores_nothing(port, key):
    whole = form(png_bytes())
    part = f"{len(whole):x}\r\n".encode() + whole[:1000]
    chunked = "Transfer-Encoding: chunked"
    answers = {
        "too large": post_in_chunks(port, key, form(bytes(CAP + 1))),
        "broken off": post_raw(port, key, part, chunked),
        "no chunk": post_raw(port, key, b"zz\r\nxx\r\n0\r\n\r\n", chunked),
        "two lengths": post_raw(port, key, b"0\r\n\r\n", chunked, "Content-Length: 5"),
    }
    assert answers == {"too large": 413, "broken off": 400, "no chunk": 400, "two lengths": 400}
    assert not Scan.objects.exists()


def test_a_form_cut_off_after_a_whole_film_is_refused_because_more_was_announced(port, key):
    whole = form(png_bytes())
    assert post_raw(port, key, whole, f"Content-Length: {len(whole) + 1000}") == 400
    assert not Scan.objects.exists()
    assert post_raw(port, key, whole, f"Content-Length: {len(whole)}") == 201


def test_a_server_that_cannot_tell_the_end_says_that_it_needs_a_length():
    said: list[str] = []
    wrapped = ChunkedBody(lambda environ, start: pytest.fail("passed on"), max_bytes=CAP)
    body = wrapped({"HTTP_TRANSFER_ENCODING": "chunked"}, lambda status, headers: said.append(status))
    assert said == ["411 Length Required"]
    assert b'"remedy"' in b"".join(body)


@pytest.mark.parametrize("environ", [{}, {"CONTENT_LENGTH": "5"}])
def test_an_ordinary_request_passes_untouched(environ):
    seen: list[dict] = []

    def application(environ, start_response):
        seen.append(dict(environ))
        return [b"ok"]

    assert ChunkedBody(application, max_bytes=CAP)(environ, print) == [b"ok"]
    assert seen == [environ]
