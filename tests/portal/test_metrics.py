"""Metrics count in the database at each scrape, and only for those who may."""

import re

import pytest

from inference.models import JobStatus
from scans.models import Priority, ScanStatus
from tests.factories import JobFactory, ScanFactory

pytestmark = pytest.mark.django_db


def _gauges(client, **headers):
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {name: float(value) for name, value in re.findall(r"^(lightbox_\S+) (\S+)$", answer.text, flags=re.M)}


@pytest.fixture(autouse=True)
def media(settings):
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)


def test_what_waits_is_counted(client):
    ScanFactory.create_batch(2, priority=Priority.STAT)
    ScanFactory(priority=Priority.ROUTINE, status=ScanStatus.REPORTED)
    JobFactory(status=JobStatus.FAILED)
    gauges = _gauges(client)
    assert gauges["lightbox_scans_unfinished"] == 3
    assert gauges["lightbox_oldest_unfinished_scan_seconds"] >= 0
    assert gauges['lightbox_jobs{status="failed"}'] == 1
    assert gauges['lightbox_jobs{status="done"}'] == 0
    assert gauges['lightbox_scans_awaiting_review{priority="stat"}'] == 2
    assert gauges['lightbox_scans_awaiting_review{priority="routine"}'] == 0
    assert gauges["lightbox_storage_free_bytes"] > 0


def test_no_gauge_names_a_hospital_or_a_patient(client):
    scan = ScanFactory()
    text = client.get("/metrics").text
    assert scan.hospital.name not in text
    assert scan.patient.mrn not in text


def test_without_a_token_only_this_machine_may_ask(client):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404
    # A proxy on this machine forwards requests of others.
    assert client.get("/metrics", headers={"x-forwarded-for": "192.0.2.1"}).status_code == 404


def test_with_a_token_nobody_comes_in_without_it(client, settings):
    settings.METRICS_TOKEN = "a token"
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer another"}).status_code == 401
    assert _gauges(client, authorization="Bearer a token")["lightbox_scans_unfinished"] == 0
