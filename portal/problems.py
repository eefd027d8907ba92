"""One error as a machine reads it: RFC 9457 problem details."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """Status, a code for programs, a detail for people; `extra` holds errors, refused, expected, received, remedy."""

    status: int
    code: str
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def content(self, path: str) -> bytes:
        """Return the members of RFC 9457 section 3.1 for the request at `path`, as JSON."""
        members = {
            "type": f"urn:lightbox:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": int(self.status),
            "detail": self.detail,
            "instance": path,  # without the query, which may hold an MRN
            **self.extra,
        }
        return json.dumps(members, cls=DjangoJSONEncoder).encode()

    def response(self, request: HttpRequest) -> HttpResponse:
        """Return the answer; JSON whatever was negotiated, because the error may be the negotiation."""
        return HttpResponse(
            self.content(request.path), status=self.status, headers=self.headers, content_type=CONTENT_TYPE
        )


def spoken(status: int, code: str, *, expected: str, received: str, remedy: str, retry_after: int = 0) -> Problem:
    """Return a problem that says what was expected, what was received and what to do."""
    return Problem(
        status,
        code,
        f"Expected {expected}; received {received}. {remedy}",
        {"expected": expected, "received": received, "remedy": remedy},
        {"Retry-After": str(retry_after)} if retry_after else {},
    )
