"""Bodies sent without a length: Django under WSGI reads none of one and says nothing, and some PACS send no other."""

import tempfile
from collections.abc import Iterable
from typing import Any

_PIECE = 64 * 1024
_IN_MEMORY = 1024 * 1024


class ChunkedBody:
    """Wraps a WSGI application: receives a chunked body into a temporary file and states its length.

    nginx does the same for a deployment (proxy_request_buffering); the embedded desk has no nginx.
    """

    def __init__(self, application: Any, *, max_bytes: int) -> None:
        self.application = application
        self.max_bytes = max_bytes

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Pass the request on with a body of known length, or answer 413."""
        is_chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        # Without this flag the server's input has no end of its own and reading it would wait for ever.
        if not (is_chunked and environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH")):
            return self.application(environ, start_response)
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            length = 0
            while piece := environ["wsgi.input"].read(_PIECE):
                length += len(piece)
                if length > self.max_bytes:
                    return _too_large(start_response, self.max_bytes)
                body.write(piece)
            body.seek(0)
            del environ["HTTP_TRANSFER_ENCODING"]
            environ |= {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
            return self.application(environ, start_response)


def _too_large(start_response: Any, max_bytes: int) -> list[bytes]:
    text = f"Expected at most {max_bytes // 2**20} MiB without a stated length; received more. State Content-Length.\n"
    answer = text.encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(answer))),
        ("Connection", "close"),
    ]
    start_response("413 Content Too Large", headers)
    return [answer]
