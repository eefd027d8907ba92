"""The stop button on its page: who may press it, what it needs, what readers then see."""

import re

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from inference import stops
from inference.models import Job, JobStatus, ModelStop
from scans import pipeline

pytestmark = pytest.mark.django_db
WHY = "It calls every film of the new machine COVID."


@pytest.fixture
def north(two_hospitals):
    return two_hospitals.north


def _address(act: str, staff) -> str:
    return reverse(f"{act}_model", args=[staff.hospital.pk])


def _stop(staff, person=None) -> ModelStop:
    return pipeline.stop_model(staff.hospital, stopped_by=person or staff.hospital_admin, reason=WHY)


def _send(client, address, **data):
    seen = re.search(r'name="seen" value="([^"]*)"', client.get(address).content.decode())
    return client.post(address, {"reason": WHY, "seen": seen[1] if seen else "", **data})


@pytest.mark.parametrize("role", ["hospital_admin", "model_manager"])
def test_one_person_stops_the_model_at_their_hospital_and_only_there(two_hospitals, as_person, north, role):
    client = as_person(getattr(north, role))
    assert _send(client, _address("stop", north)).status_code == 302

    assert stops.in_force(north.hospital.pk).reason == WHY
    assert stops.in_force(two_hospitals.south.hospital.pk) is None
    page = client.get(reverse("models")).content.decode()
    assert "The model is stopped at North Hospital." in page
    assert WHY in page
    entry = AuditEntry.objects.get(action="model.stopped")
    assert (entry.hospital, entry.actor, entry.address) == (north.hospital, getattr(north, role), "127.0.0.1")


def test_a_stop_needs_a_reason(as_person, north):
    response = _send(as_person(north.hospital_admin), _address("stop", north), reason=" ")

    assert response.status_code == 422
    assert stops.in_force(north.hospital.pk) is None


def test_the_page_says_that_it_is_stopped_already(as_person, north):
    stopped = _stop(north)
    client = as_person(north.model_manager)
    page = client.get(_address("stop", north)).content.decode()

    assert "<textarea" not in page
    assert str(stopped.stopped_by) in page
    assert client.post(_address("stop", north), {"reason": WHY}).status_code == 422
    assert ModelStop.objects.count() == 1


def test_nobody_else_stops_or_resumes(two_hospitals, as_person, north):
    for person in (north.radiologist, north.technician, two_hospitals.stranger):
        assert as_person(person).post(_address("stop", north), {"reason": WHY}).status_code == 403
    assert as_person(two_hospitals.south.hospital_admin).post(_address("stop", north)).status_code == 404
    assert stops.in_force(north.hospital.pk) is None
    _stop(north)
    assert as_person(two_hospitals.south.model_manager).post(_address("resume", north)).status_code == 404
    assert stops.in_force(north.hospital.pk) is not None


@pytest.mark.parametrize("wanted", [False, True])
def test_what_was_missed_is_read_when_that_is_wanted(as_person, north, active_model, send, wanted):
    scan = send(north)
    _stop(north)
    job = Job.objects.get(image_key=scan.images.get().pk)
    assert job.status == JobStatus.STOPPED
    client = as_person(north.hospital_admin)
    page = client.get(_address("resume", north)).content.decode()
    assert "Also let it read the 1 picture of unreported scans that it missed" in page

    assert _send(client, _address("resume", north), **({"also": "on"} if wanted else {})).status_code == 302
    job.refresh_from_db()
    assert job.status == (JobStatus.QUEUED if wanted else JobStatus.STOPPED)
    assert stops.in_force(north.hospital.pk) is None
    assert AuditEntry.objects.get(action="model.resumed").actor == north.hospital_admin


def test_nothing_is_offered_where_nothing_was_missed(as_person, north):
    _stop(north)

    assert "Also let it read" not in as_person(north.hospital_admin).get(_address("resume", north)).content.decode()


def test_what_is_not_stopped_is_not_resumed(as_person, north):
    client = as_person(north.hospital_admin)

    assert "The model is not stopped at North Hospital." in client.get(_address("resume", north)).content.decode()
    assert client.post(_address("resume", north), {"reason": WHY}).status_code == 422


def test_a_page_about_an_earlier_stop_does_not_end_a_later_one(as_person, north):
    first = _stop(north)
    stops.resume(north.hospital, resumed_by=north.hospital_admin, reason="Mended.")
    _stop(north)
    response = as_person(north.hospital_admin).post(_address("resume", north), {"reason": WHY, "seen": str(first.pk)})

    assert response.status_code == 422
    assert stops.in_force(north.hospital.pk) is not None
