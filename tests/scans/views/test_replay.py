"""Replay on the scan page: asked for with a button, computed by a worker, stated beside the answer."""

import pytest
from django.urls import reverse

from accounts.models import AuditEntry
from scans import pipeline, storage
from scans.models import Diagnosis, Replay, ReplayVerdict
from scans.templatetags.scan_words import as_text
from tests.scans.views.conftest import HTMX

pytestmark = pytest.mark.django_db


@pytest.fixture
def north(two_hospitals):
    return two_hospitals.north


@pytest.fixture
def diagnosis(active_model, north, send) -> Diagnosis:
    """What the shipped model really said of a picture."""
    scan = send(north)
    pipeline.diagnose(str(scan.pk))
    return Diagnosis.objects.get()


def _address(diagnosis) -> str:
    return reverse("replay", args=[diagnosis.pk])


def _scan_page(client, diagnosis) -> str:
    return client.get(reverse("scan", args=[diagnosis.image.scan_id])).content.decode()


def test_a_reader_asks_a_worker_computes_and_the_page_says_what_differs(as_person, north, diagnosis):
    client = as_person(north.radiologist)
    page = _scan_page(client, diagnosis)
    assert "Compute it again" in page
    assert reverse("model_facts", args=[diagnosis.model_version_id]) in page

    part = client.post(_address(diagnosis), {"reader": str(north.radiologist.pk)}, headers=HTMX)
    assert part.status_code == 200
    assert "Being computed again" in part.content.decode()
    assert 'data-poll="2"' in part.content.decode()
    assert client.get(_address(diagnosis), headers=HTMX).status_code == 204
    replay = Replay.objects.get()
    assert replay.asked_by == north.radiologist

    pipeline.recompute(str(replay.pk))
    for shown in (client.get(_address(diagnosis), headers=HTMX).content.decode(), _scan_page(client, diagnosis)):
        assert "The same answer" in shown
        assert "No probability differs." in shown
        assert "What was compared" in shown
        assert diagnosis.image.sha256 in shown
        assert "data-poll" not in shown.split('class="replay"')[1].split(">")[0]
    label, value = next(iter(diagnosis.probabilities.items()), (None, None))
    assert label is None or f"{value:.6f}" in shown
    asked = AuditEntry.objects.get(action="replay.asked")
    assert (asked.actor, asked.patient_id) == (north.radiologist, diagnosis.image.scan.patient_id)


def test_what_differs_is_shown_side_by_side(as_person, north, diagnosis):
    lineage = {**diagnosis.lineage, "code_version": "0.0.1"}
    Diagnosis.objects.filter(pk=diagnosis.pk).update(outcome="finding", label="normal", reason="", lineage=lineage)
    client = as_person(north.radiologist)
    client.post(_address(diagnosis))
    pipeline.recompute(str(Replay.objects.get().pk))
    page = _scan_page(client, diagnosis)

    assert Replay.objects.get().verdict == ReplayVerdict.DIFFERENT
    assert "Another answer" in page
    assert "<code>0.0.1</code>" in page


def test_an_original_that_is_gone_is_said(as_person, north, diagnosis):
    client = as_person(north.radiologist)
    client.post(_address(diagnosis))
    storage.original_path(diagnosis.image).unlink()
    pipeline.recompute(str(Replay.objects.get().pk))

    assert "The original picture is no longer stored" in _scan_page(client, diagnosis)


def test_without_a_script_the_answer_is_the_scan_page(as_person, north, diagnosis):
    response = as_person(north.technician).post(_address(diagnosis))

    assert response.status_code == 302
    assert response["Location"] == reverse("scan", args=[diagnosis.image.scan_id])


def test_nothing_is_asked_in_the_name_of_somebody_else(as_person, north, diagnosis):
    stated = {"reader": str(north.technician.pk)}
    response = as_person(north.radiologist).post(_address(diagnosis), stated, headers=HTMX)

    assert response.status_code == 422
    assert "somebody else has signed in" in response.content.decode()
    assert not Replay.objects.exists()


def test_another_hospital_neither_asks_nor_sees(two_hospitals, as_person, diagnosis):
    Replay.objects.create(diagnosis=diagnosis, asked_by=two_hospitals.north.radiologist)
    client = as_person(two_hospitals.south.radiologist)

    assert client.get(_address(diagnosis)).status_code == 404
    assert client.post(_address(diagnosis)).status_code == 404
    assert Replay.objects.count() == 1
    assert as_person(two_hospitals.north.hospital_admin).get(_address(diagnosis)).status_code == 403


def test_a_technician_is_shown_no_way_to_pages_that_are_closed_to_them(as_person, north, diagnosis):
    assert reverse("model_facts", args=[diagnosis.model_version_id]) not in _scan_page(
        as_person(north.technician), diagnosis
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not recorded"),
        ({"temperature": 0.70418, "threshold": None}, "temperature 0.7042, threshold not recorded"),
        ([0.0, 0.25, "x"], "0, 0.25, x"),
        ("abc", "abc"),
    ],
)
def test_a_lineages_values_are_said_in_words(value, words):
    assert as_text(value) == words
