"""What a request may be before anything reads its body: its length, its coding, its character set."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.problems import Problem, spoken

# Films come in here; every other address takes forms and JSON, and anybody may send to the sign-in page.
FILM_DOORS = ("/upload/", "/api/v1/scans/")
CHARACTER_SETS = ("utf-8", "utf8", "us-ascii")


def _refused_coding(request: HttpRequest) -> Problem | None:
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return None
    return spoken(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "content_encoding",
        expected="a body as it is, without Content-Encoding",
        received=coding[:40],
        remedy="Send it uncompressed: a small compressed body can unfold to gigabytes.",
    )


def _refused_character_set(request: HttpRequest) -> Problem | None:
    # Python's codecs include zlib and bz2: "charset=zlib" would unfold a body behind the limits.
    character_set = (request.content_params or {}).get("charset", "utf-8").strip().lower()
    if character_set in CHARACTER_SETS:
        return None
    return spoken(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "charset",
        expected="charset=utf-8",
        received=character_set[:40],
        remedy="Send text in UTF-8.",
    )


def _refused_length(request: HttpRequest) -> Problem | None:
    takes_films = request.content_type == "multipart/form-data" and request.path.startswith(FILM_DOORS)
    # DRF reads a JSON body from the stream, where DATA_UPLOAD_MAX_MEMORY_SIZE is not asked.
    limit = settings.UPLOAD_MAX_BYTES_PER_REQUEST if takes_films else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) <= limit:
        return None
    return spoken(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        expected=f"at most {limit} bytes in one request",
        received=f"{length[:40]} bytes",
        remedy="Send fewer files in one request." if takes_films else "Send less.",
    )


class RequestLimitsMiddleware:
    """Refuses what would be read at a cost or read wrongly; stands first, so that nothing reads before it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the refusal, or pass the request on."""
        problem = _refused_coding(request) or _refused_character_set(request) or _refused_length(request)
        if problem is None:
            return self.get_response(request)
        response = problem.response(request)
        # The unread body would otherwise be taken for the next request on this connection.
        response["Connection"] = "close"
        return response
