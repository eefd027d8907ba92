"""model-stops/: a hospital's button through the API, and nobody else's."""

import pytest

from accounts.models import AuditEntry
from accounts.roles import Role
from inference.models import Job, JobStatus, ModelStop
from scans import pipeline
from tests.callers import machine_of, post_scan, session_of
from tests.factories import ModelVersionFactory

STOPS = "/api/v1/model-stops/"
WHY = {"reason": "It calls everything COVID."}


@pytest.fixture
def admin(north):
    return session_of(north.hospital_admin)


@pytest.fixture
def stopped(north) -> ModelStop:
    return pipeline.stop_model(north.hospital, stopped_by=north.hospital_admin, **WHY)


def post(client, address, body):
    return client.post(address, body, content_type="application/json")


def test_an_admin_stops_the_model_and_the_scan_says_so(north, admin, machine):
    ModelVersionFactory(status="active")
    queued = post_scan(machine).json()
    answer = post(admin, STOPS, {"hospital": "north", **WHY})

    assert answer.status_code == 201
    body = answer.json()
    assert (body["hospital"], body["is_in_force"], body["stopped_by"]["name"]) == (
        "north",
        True,
        "North hospital admin",
    )
    assert Job.objects.get().status == JobStatus.STOPPED
    later = post_scan(machine, patient_mrn="MRN2").json()
    for scan in (queued, later):
        analysis = machine.get(scan["url"]).json()["images"][0]["analysis"]
        assert (analysis["state"], analysis["reason"]) == ("off", body["in_words"])
    assert AuditEntry.objects.get(action="model.stopped").address == "127.0.0.1"


def test_a_manager_resumes_it_and_what_was_missed_is_read(north, stopped, machine):
    ModelVersionFactory(status="active")
    post_scan(machine)
    address = f"{STOPS}{stopped.pk}/resume/"
    client = session_of(north.model_manager)
    assert post(client, address, {}).status_code == 400
    answer = post(client, address, {"reason": "Rolled back.", "read_missed": True})

    assert answer.status_code == 200
    body = answer.json()
    assert (body["queued"], body["stop"]["is_in_force"]) == (1, False)
    assert body["stop"]["resume_reason"] == "Rolled back."
    assert Job.objects.get().status == JobStatus.QUEUED
    again = post(client, address, WHY)
    assert again.status_code == 409
    assert again.json()["type"].endswith("not_stopped")


def test_readers_see_the_stops_of_their_hospital(north, stopped, machine):
    for client in (session_of(north.radiologist), machine):
        assert [row["id"] for row in client.get(f"{STOPS}?in_force=true").json()["results"]] == [str(stopped.pk)]
        assert client.get(f"{STOPS}{stopped.pk}/").json()["reason"] == WHY["reason"]
        assert client.get(f"{STOPS}?in_force=false").json()["results"] == []


@pytest.mark.parametrize("role", Role.values)
def test_another_hospitals_stop_is_unknown(south, stopped, role):
    client = session_of(getattr(south, role))
    may_look = role != Role.TECHNICIAN
    assert client.get(f"{STOPS}{stopped.pk}/").status_code == (404 if may_look else 403)
    assert client.get(STOPS).json().get("results", []) == []
    may_stop = role in (Role.HOSPITAL_ADMIN, Role.MODEL_MANAGER)
    assert post(client, f"{STOPS}{stopped.pk}/resume/", WHY).status_code == (404 if may_stop else 403)
    assert post(client, STOPS, {"hospital": "north", **WHY}).status_code == (400 if may_stop else 403)
    assert ModelStop.objects.in_force().get() == stopped


def test_a_second_press_is_told_since_when(admin, stopped):
    answer = post(admin, STOPS, {"hospital": "north", **WHY})

    assert answer.status_code == 409
    assert f"since {stopped.stopped_at:%Y-%m-%d %H:%M} UTC" in answer.json()["received"]


def test_no_key_presses_the_button(north, machine):
    assert post(machine, STOPS, {"hospital": "north", **WHY}).status_code == 403
    assert (
        post(machine_of(north.hospital_admin, north.hospital), STOPS, {"hospital": "north", **WHY}).status_code == 403
    )
    assert not ModelStop.objects.exists()
