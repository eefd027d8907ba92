"""Bodies sent without a length: Django under WSGI reads none of one and says nothing, and some PACS send no other."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import IO, Any

from portal.problems import CONTENT_TYPE, Problem, spoken

PIECE = 64 * 1024
IN_MEMORY = 1024 * 1024

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

NO_LENGTH = spoken(
    HTTPStatus.LENGTH_REQUIRED,
    "length_required",
    expected="a Content-Length",
    received="a body of unstated length, whose end this server cannot tell",
    remedy="State the length, or serve with gunicorn.",
)
BROKEN_OFF = spoken(
    HTTPStatus.BAD_REQUEST,
    "body_broken_off",
    expected="a chunked body with its last chunk",
    received="one that breaks off",
    remedy="Nothing was stored. Send the request again.",
)


class BodyBrokenOff(Exception):
    """The sender went away, or the chunks are no chunks."""


class ChunkedBody:
    """Wraps a WSGI application: receives a chunked body into a temporary file and states its length.

    nginx does the same for a deployment (proxy_request_buffering); the embedded desk has no nginx.
    """

    def __init__(self, application: Application, *, max_bytes: int) -> None:
        self.application = application
        self.max_bytes = max_bytes

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on with a body of known length, or refuse it."""
        if not environ.get("HTTP_TRANSFER_ENCODING") or environ.get("CONTENT_LENGTH"):
            return self.application(environ, start_response)
        # Without this flag the server's input has no end of its own and reading it would wait for ever.
        if not environ.get("wsgi.input_terminated"):
            return _refuse(NO_LENGTH, environ, start_response)
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            try:
                length = _spool(environ["wsgi.input"], body, max_bytes=self.max_bytes)
            except BodyBrokenOff:
                return _refuse(BROKEN_OFF, environ, start_response)
            if length > self.max_bytes:
                return _refuse(_too_large(self.max_bytes), environ, start_response)
            body.seek(0)
            del environ["HTTP_TRANSFER_ENCODING"]
            environ |= {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
            return self.application(environ, start_response)


def _spool(source: IO[bytes], body: IO[bytes], *, max_bytes: int) -> int:
    """Copy until the end or just past `max_bytes`; returns the bytes copied."""
    length = 0
    for piece in _pieces(source):
        body.write(piece)
        length += len(piece)
        if length > max_bytes:
            break
    return length


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    while True:
        try:
            piece = source.read(PIECE)
        except Exception as error:  # each server has its own exceptions for a body that breaks off
            raise BodyBrokenOff from error
        if not piece:
            return
        yield piece


def _too_large(max_bytes: int) -> Problem:
    return spoken(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        expected=f"at most {max_bytes} bytes in one request",
        received="more",
        remedy="Send fewer files in one request.",
    )


def _refuse(problem: Problem, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    content = problem.content(environ.get("PATH_INFO", ""))
    # Closed, because what is left of the body would be taken for the next request.
    headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(content))), ("Connection", "close")]
    start_response(f"{int(problem.status)} {HTTPStatus(problem.status).phrase}", headers)
    return [content]
