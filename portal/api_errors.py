"""Every API error in one shape: exceptions become problem details, for DRF and for Django's own handlers."""

import errno
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.core.exceptions import ValidationError as ModelValidationError
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from rest_framework.exceptions import APIException, ValidationError

from inference.engine.errors import EngineBusy, EngineError
from inference.errors import RegistryError
from portal.problems import Problem, spoken
from scans.pipeline import RecordError

logger = logging.getLogger(__name__)

API_PREFIX = "/api/"
RETRY_AFTER_SECONDS = 5
# Which status tells a machine why the record or the engine said no; what is not here is 422.
STATUS_OF_CODE = {
    "already_active": HTTPStatus.CONFLICT,
    "already_asked": HTTPStatus.CONFLICT,
    "already_stopped": HTTPStatus.CONFLICT,
    "bad_idempotency_key": HTTPStatus.BAD_REQUEST,
    "instance_conflict": HTTPStatus.CONFLICT,
    "may_not_manage_models": HTTPStatus.FORBIDDEN,
    "may_not_review": HTTPStatus.FORBIDDEN,
    "may_not_sign": HTTPStatus.FORBIDDEN,
    "may_not_stop_model": HTTPStatus.FORBIDDEN,
    "missing_verdict": HTTPStatus.CONFLICT,
    "not_stopped": HTTPStatus.CONFLICT,
    "nothing_to_go_back_to": HTTPStatus.CONFLICT,
    "report_already_signed": HTTPStatus.CONFLICT,
    "request_answered": HTTPStatus.CONFLICT,
    "second_person_needed": HTTPStatus.FORBIDDEN,
    "storage_full": HTTPStatus.INSUFFICIENT_STORAGE,
    "submission_in_flight": HTTPStatus.CONFLICT,
    "unseen_image": HTTPStatus.CONFLICT,
    "unusable_version": HTTPStatus.CONFLICT,
    EngineBusy.code: HTTPStatus.SERVICE_UNAVAILABLE,
}
NOT_FOUND = spoken(
    HTTPStatus.NOT_FOUND,
    "not_found",
    expected="the address of something that you may see",
    received="another one",
    remedy="Check the id, and the hospital of your key or membership.",
)
CONFLICT = spoken(
    HTTPStatus.CONFLICT,
    "conflict",
    expected="a record that nobody else is writing",
    received="one that was written at the same moment, or exists",
    remedy="Read it again, then repeat what is still needed.",
)
DATABASE_AWAY = spoken(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "database_unavailable",
    expected="the database to answer",
    received="no answer",
    remedy="Send the request again with the same Idempotency-Key.",
    retry_after=RETRY_AFTER_SECONDS,
)
TOO_LARGE = spoken(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_large",
    expected="a request within the limits of the OpenAPI page",
    received="a larger one",
    remedy="Send fewer files in one request.",
)
MALFORMED = spoken(
    HTTPStatus.BAD_REQUEST,
    "malformed",
    expected="a request that can be read",
    received="one that cannot",
    remedy="Compare it with the OpenAPI page.",
)
DISK_FULL = spoken(
    HTTPStatus.INSUFFICIENT_STORAGE,
    "storage_full",
    expected="room on the disk",
    received="a full disk",
    remedy="Keep the files and send them again when the operator has made room.",
)
OUR_FAULT = spoken(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "server_error",
    expected="to answer this request",
    received="an error of ours",
    remedy="It is logged. Send the request again with the same Idempotency-Key; tell the operator if it stays.",
)


def _of_validation(error: ValidationError) -> Problem:
    errors = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
    detail = "Expected the fields of the OpenAPI page; received something else. See errors, field by field."
    return Problem(HTTPStatus.BAD_REQUEST, "invalid", detail, {"errors": errors})


def _of_api_exception(error: APIException) -> Problem:
    headers = {}
    # DRF hangs both on the error; neither is declared on its class.
    if authenticate := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = str(authenticate)
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return Problem(error.status_code, error.default_code, str(error.detail), getattr(error, "extra", {}), headers)


def _of_refusal(error: RecordError | RegistryError | EngineError) -> Problem:
    return spoken(
        STATUS_OF_CODE.get(error.code, HTTPStatus.UNPROCESSABLE_ENTITY),
        error.code,
        expected=error.expected,
        received=error.received,
        remedy=error.remedy,
        retry_after=getattr(error, "retry_after", RETRY_AFTER_SECONDS if isinstance(error, EngineBusy) else 0),
    )


def _of_permission(error: PermissionDenied) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, "permission_denied", str(error) or "You may not do this.")


def _of_system(error: OSError) -> Problem | None:
    return DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else None


# First match wins, so a subclass stands before its base.
PROBLEM_OF: list[tuple[tuple[type[Exception], ...], Callable[[Any], Problem | None]]] = [
    ((ValidationError,), _of_validation),
    ((APIException,), _of_api_exception),
    ((RecordError, RegistryError, EngineError), _of_refusal),
    ((Http404,), lambda _: NOT_FOUND),
    ((PermissionDenied,), _of_permission),
    ((IntegrityError,), lambda _: CONFLICT),
    ((OperationalError, InterfaceError), lambda _: DATABASE_AWAY),
    ((RequestDataTooBig, TooManyFilesSent), lambda _: TOO_LARGE),
    # A bad Host, a cursor that holds no date, JSON nested a thousand deep, a time before the year 1 in UTC.
    ((SuspiciousOperation, ModelValidationError, RecursionError, OverflowError), lambda _: MALFORMED),
    ((OSError,), _of_system),
]


def problem_of(error: Exception) -> Problem | None:
    """Return the problem an exception is, or None when it is a fault of ours."""
    return next((make(error) for kinds, make in PROBLEM_OF if isinstance(error, kinds)), None)


def problem_details(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's exception handler; None lets the error rise to `server_error`, so that it is logged with its trace."""
    problem = problem_of(error)
    if problem in (CONFLICT, DATABASE_AWAY, DISK_FULL):
        logger.warning("the request could not be completed", exc_info=error)
    return problem.response(context["request"]) if problem else None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: a problem below /api/, Django's page elsewhere."""
    if request.path.startswith(API_PREFIX):
        return (problem_of(exception) or MALFORMED).response(request)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403: a problem below /api/, Django's page elsewhere."""
    if request.path.startswith(API_PREFIX):
        return (problem_of(exception) or NOT_FOUND).response(request)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: a problem below /api/, Django's page elsewhere."""
    if request.path.startswith(API_PREFIX):
        return NOT_FOUND.response(request)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: a problem below /api/ that says nothing of our insides, Django's page elsewhere."""
    if request.path.startswith(API_PREFIX):
        return OUR_FAULT.response(request)
    return defaults.server_error(request)
