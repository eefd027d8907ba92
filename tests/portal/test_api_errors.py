"""Every error of the API has one shape, says what to do, and tells nothing of our insides."""

import errno
import io

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation, TooManyFilesSent
from django.db import IntegrityError, OperationalError
from django.test import Client, RequestFactory
from rest_framework import exceptions

from inference.engine.errors import EngineBusy, UnreadableImage
from portal.api_errors import bad_request, page_not_found, permission_denied, problem_details, problem_of, server_error
from scans import pipeline
from scans.workflow import errors as record_errors
from tests.callers import film, machine_of, post_scan, session_of

SAID = {"expected": "one thing", "received": "another", "remedy": "Do this."}
MEMBERS = {"type", "title", "status", "detail", "instance"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (record_errors.PatientMismatch(**SAID), 422, "patient_mismatch"),
        (record_errors.InstanceConflict(**SAID), 409, "instance_conflict"),
        (record_errors.ReportAlreadySigned(**SAID), 409, "report_already_signed"),
        (record_errors.MissingVerdict(**SAID), 409, "missing_verdict"),
        (record_errors.EmptyReport(**SAID), 422, "empty_report"),
        (record_errors.BadVerdict(**SAID), 422, "bad_verdict"),
        (record_errors.MayNotSign(**SAID), 403, "may_not_sign"),
        (record_errors.MayNotReview(**SAID), 403, "may_not_review"),
        (record_errors.StorageFull(**SAID), 507, "storage_full"),
        (UnreadableImage(**SAID, code="truncated"), 422, "truncated"),
        (EngineBusy(**SAID), 503, "engine_busy"),
    ],
)
def test_our_refusals_keep_their_three_parts(error, status, code):
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)
    assert problem.extra == SAID
    assert ("Retry-After" in problem.headers) == (status == 503)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (exceptions.NotAuthenticated(), 401),
        (exceptions.PermissionDenied(), 403),
        (exceptions.NotAcceptable(), 406),
        (exceptions.UnsupportedMediaType("text/plain"), 415),
        (exceptions.ParseError(), 400),
        (exceptions.Throttled(wait=7), 429),
        (PermissionDenied("No."), 403),
        (IntegrityError("UNIQUE constraint failed: scans_image.secret"), 409),
        (OperationalError("database is locked: /secret/path"), 503),
        (TooManyFilesSent("secret"), 413),
        (SuspiciousOperation("secret"), 400),
        (RecursionError("secret"), 400),
        (OverflowError("secret"), 400),
        (OSError(errno.ENOSPC, "secret"), 507),
    ],
)
def test_every_known_error_is_a_problem_without_our_insides(error, status):
    request = RequestFactory().get("/api/v1/scans/?patient_mrn=M7")
    answer = problem_details(error, {"request": request})
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert b"secret" not in answer.content
    assert b"M7" not in answer.content


def test_an_unknown_error_is_left_to_rise_so_that_it_is_logged():
    assert problem_details(ValueError("bug"), {"request": RequestFactory().get("/api/")}) is None
    assert problem_of(OSError(errno.EIO, "broken disk")) is None


def test_throttling_says_when_to_come_back():
    assert int(problem_of(exceptions.Throttled(wait=7.2)).headers["Retry-After"]) >= 7.2


@pytest.mark.parametrize(
    ("handler", "arguments", "status"),
    [
        (bad_request, [SuspiciousOperation()], 400),
        (permission_denied, [PermissionDenied()], 403),
        (page_not_found, [Exception()], 404),
        (server_error, [], 500),
    ],
)
def test_djangos_own_handlers_answer_problems_below_api_and_pages_elsewhere(db, handler, arguments, status):
    below = handler(RequestFactory().get("/api/v1/x"), *arguments)
    assert (below.status_code, below["Content-Type"]) == (status, "application/problem+json")
    page = handler(RequestFactory().get("/x"), *arguments)
    assert page.status_code == status
    assert page["Content-Type"].startswith("text/html")


# --- The same through the running API ---------------------------------------------------------------------------------
@pytest.fixture
def machine(two_hospitals):
    north = two_hospitals.north
    return machine_of(north.integrator, north.hospital)


@pytest.fixture
def radiologist(two_hospitals):
    return session_of(two_hospitals.north.radiologist)


def broken(*_args, **_options):
    raise RuntimeError("secret of ours")


def test_an_error_of_ours_is_a_500_that_says_nothing_of_it(machine, monkeypatch):
    monkeypatch.setattr(pipeline, "store_files", broken)
    machine.raise_request_exception = False
    answer = post_scan(machine)
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:lightbox:problem:server_error"
    assert b"secret" not in answer.content


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda m, r: Client().get("/api/v1/scans/"), 401),
        (lambda m, r: m.get("/api/v1/nothing/"), 404),
        (lambda m, r: m.get("/api/v1/scans/no-uuid/"), 404),
        (lambda m, r: m.delete("/api/v1/patients/"), 405),
        (lambda m, r: m.get("/api/v1/scans/", headers={"Accept": "text/csv"}), 406),
        (lambda m, r: m.get("/api/v1/schema/", headers={"Accept": "text/csv"}), 406),
        (lambda m, r: m.post("/api/v1/scans/", {"a": 1}, content_type="application/json"), 415),
        (lambda m, r: m.post("/api/v1/scans/", b"--x", content_type="multipart/form-data"), 400),
        (lambda m, r: m.post("/api/v1/scans/", b"--x", content_type="multipart/form-data; boundary=y"), 400),
        (lambda m, r: r.post("/api/v1/reviews/", b"{", content_type="application/json"), 400),
        (lambda m, r: r.post("/api/v1/reviews/", b"[" * 100_000, content_type="application/json"), 400),
        (lambda m, r: r.post("/api/v1/reviews/", b"9" * 5000, content_type="application/json"), 400),
        (lambda m, r: r.post("/api/v1/reviews/", b"[]", content_type="application/json"), 400),
        (lambda m, r: r.post("/api/v1/reviews/", b'{"note": "\\ud800"}', content_type="application/json"), 400),
        (lambda m, r: r.post("/api/v1/reviews/", b"\xff\xfe", content_type="application/json"), 400),
        (lambda m, r: post_scan(m, film("a.txt", b"no")), 422),
        (lambda m, r: m.get("/api/v1/scans/", headers={"Host": "evil.example"}), 400),
    ],
    ids=str,
)
def test_every_refusal_of_the_running_api_has_the_one_shape(machine, radiologist, ask, status):
    answer = ask(machine, radiologist)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) >= MEMBERS
    assert problem["status"] == status
    assert problem["instance"].startswith("/api/v1/")


def test_too_many_files_are_refused_as_one_problem(machine, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 3
    answer = post_scan(machine, *[film(f"{number}.png") for number in range(4)])
    assert answer.status_code == 413
    assert answer.json()["remedy"]


def test_a_body_that_breaks_off_is_refused(machine, radiologist):
    class BrokenOff(io.BytesIO):
        def read(self, *_):
            raise OSError("connection reset")

    answer = machine.generic(
        "POST", "/api/v1/scans/", content_type="multipart/form-data; boundary=y", **{"wsgi.input": BrokenOff()}
    )
    assert answer.status_code == 400
