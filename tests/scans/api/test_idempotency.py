"""One Idempotency-Key, one submission: what the second sender is told."""

import datetime
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.roles import Role
from scans import idempotency, pipeline
from scans.models import IdempotencyKey, Image, Scan
from tests.callers import film, key_of, machine_of, post_scan, session_of
from tests.factories import MembershipFactory
from tests.pictures import dicom_bytes, png_bytes

LONG_AGO = idempotency.IN_FLIGHT_LIMIT + datetime.timedelta(seconds=1)


def leave_in_flight(since: datetime.timedelta = datetime.timedelta()) -> IdempotencyKey:
    """Turn the only key into one whose first submission began `since` ago and never ended."""
    IdempotencyKey.objects.update(response_status=None, response_body=None, created_at=timezone.now() - since)
    return IdempotencyKey.objects.get()


def test_the_same_key_and_body_get_the_first_answer_and_no_second_scan(machine):
    first = post_scan(machine, film(), film("notes.txt", b"no"), key="k")
    again = [post_scan(machine, film(), film("notes.txt", b"no"), key="k") for _ in range(9)]
    # Equal as JSON: PostgreSQL keeps no order of members.
    assert all((answer.status_code, answer.json()) == (201, first.json()) for answer in again)
    assert {answer["Idempotency-Replayed"] for answer in again} == {"true"}
    assert {answer["Location"] for answer in again} == {first["Location"]}
    assert "Idempotency-Replayed" not in first
    assert Scan.objects.count() == Image.objects.count() == 1


def test_a_replayed_answer_stays_the_first_whatever_became_of_the_scan(machine):
    first = post_scan(machine, key="k")
    Scan.objects.update(status="reported")
    assert post_scan(machine, key="k").json() == first.json()


@pytest.mark.parametrize(
    "changed",
    [
        {"priority": "stat"},
        {"patient_mrn": "MRN2"},
        {"files": [film("film.png", png_bytes(seed=1))]},
        {"files": [film("other.png")]},
        {"files": [film(), film("two.png", png_bytes(seed=1))]},
    ],
    ids=str,
)
def test_the_same_key_with_another_body_is_refused(machine, changed):
    post_scan(machine, key="k")
    changed = dict(changed)
    answer = post_scan(machine, *changed.pop("files", []), key="k", **changed)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("idempotency_key_reused")
    assert Scan.objects.count() == 1


def test_while_the_first_is_in_flight_the_second_waits(machine):
    post_scan(machine, key="k")
    leave_in_flight()
    answer = post_scan(machine, key="k")
    assert answer.status_code == 409
    assert int(answer["Retry-After"]) > 0
    assert Scan.objects.count() == 1


def test_a_submission_that_crashed_in_flight_may_be_taken_over(machine):
    post_scan(machine, key="k")
    Image.objects.all().delete()
    Scan.objects.all().delete()  # the crash came before the commit
    leave_in_flight(LONG_AGO)
    answer = post_scan(machine, key="k")
    assert answer.status_code == 201
    assert Scan.objects.count() == 1
    assert post_scan(machine, key="k").json() == answer.json()


def test_a_late_first_attempt_stores_nothing_after_another_took_over(machine, north, monkeypatch):
    store_files = pipeline.store_files

    def store_slowly(files):
        IdempotencyKey.objects.update(created_at=timezone.now() - LONG_AGO)
        monkeypatch.setattr(pipeline, "store_files", store_files)
        overtaking.append(post_scan(machine, key="k"))
        return store_files(files)

    overtaking: list = []
    monkeypatch.setattr(pipeline, "store_files", store_slowly)
    slow = post_scan(machine, key="k")
    assert overtaking[0].status_code == 201
    assert slow.status_code == 409
    assert Scan.objects.count() == 1
    assert post_scan(machine, key="k").json() == overtaking[0].json()


def test_a_submission_that_stored_nothing_may_be_corrected_under_its_key(machine):
    assert post_scan(machine, key="k", priority="soon").status_code == 400
    assert post_scan(machine, film("a.txt", b"no"), key="k").status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert post_scan(machine, key="k").status_code == 201


def test_an_error_of_ours_forgets_the_key_with_the_scan(machine, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("the disk fell over")

    machine.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "receive", fail)
        assert post_scan(machine, key="k").status_code == 500
    assert not IdempotencyKey.objects.exists()
    assert post_scan(machine, key="k").status_code == 201


def test_the_answer_is_kept_in_the_transaction_that_stores_the_scan(machine, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError("killed between scan and answer")

    machine.raise_request_exception = False
    monkeypatch.setattr(idempotency.Attempt, "complete", fail)
    assert post_scan(machine, key="k").status_code == 500
    assert not Scan.objects.exists()


def test_a_repeat_of_a_known_instance_is_kept_under_its_key_too(machine):
    content = dicom_bytes(PatientID="MRN1")
    post_scan(machine, film("film.dcm", content))
    repeat = post_scan(machine, film("film.dcm", content), key="k")
    again = post_scan(machine, film("film.dcm", content), key="k")
    assert (repeat.status_code, again.status_code, again.json()) == (200, 200, repeat.json())


def test_a_key_belongs_to_one_caller_at_one_hospital(machine, north, south):
    MembershipFactory(user=north.integrator, hospital=south.hospital, role=Role.INTEGRATOR)
    others = [
        session_of(north.technician),
        machine_of(south.integrator, south.hospital),
        machine_of(north.integrator, south.hospital),
    ]
    ids = {post_scan(client, key="k").json()["id"] for client in [machine, *others]}
    assert len(ids) == 4


@pytest.mark.parametrize(("key", "status"), [("k" * 255, 201), ("k" * 256, 400), ("schlüssel", 400), ("a\tb", 400)])
def test_a_key_is_at_most_255_printable_characters(machine, key, status):
    assert post_scan(machine, key=key).status_code == status
    assert Scan.objects.count() == (status == 201)


def test_without_a_key_every_submission_is_its_own(machine):
    assert post_scan(machine).json()["id"] != post_scan(machine).json()["id"]
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_stores_and_the_others_wait_or_get_its_answer(two_hospitals):
    north = two_hospitals.north
    key = key_of(north.integrator, north.hospital)
    senders = 6
    start = threading.Barrier(senders)

    def send(_: int):
        try:
            start.wait(timeout=30)
            return post_scan(Client(headers=key), key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(senders) as pool:
        answers = list(pool.map(send, range(senders)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    stored = [json.loads(answer.content)["id"] for answer in answers if answer.status_code == 201]
    assert len(set(stored)) == Scan.objects.count() == Image.objects.count() == 1
    fresh = [answer for answer in answers if answer.status_code == 201 and "Idempotency-Replayed" not in answer]
    assert len(fresh) == 1
