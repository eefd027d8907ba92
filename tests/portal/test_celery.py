"""The doorbell: it may fail, and then the scan is safe all the same."""

import datetime
import logging

import pytest
from celery import Celery
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from portal.celery import DoorbellTask
from scans import pipeline
from scans.models import Scan


@pytest.mark.parametrize(("waiting", "rings"), [(999, 2), (1000, 0)])
def test_the_sweeper_stops_ringing_when_nobody_hears(
    two_hospitals, send, monkeypatch, django_capture_on_commit_callbacks, waiting, rings
):
    for _ in range(2):
        send(two_hospitals.north)
    Scan.objects.update(rung_at=timezone.now() - datetime.timedelta(hours=1))
    monkeypatch.setattr(pipeline.diagnose, "rings_waiting", lambda: waiting)

    with django_capture_on_commit_callbacks() as rung:
        pipeline.sweep()

    assert len(rung) == rings


def test_rings_that_wait_are_counted():
    app = Celery("counted", task_cls=DoorbellTask, broker="memory://", set_as_current=False)
    app.conf.task_default_queue = "a queue"

    @app.task
    def heard_by_nobody() -> None: ...

    for _ in range(3):
        heard_by_nobody.apply_async()

    assert heard_by_nobody.rings_waiting() == 3


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_is_logged_and_never_reaches_the_uploader(monkeypatch, caplog):
    def refuse(*args, **options):
        raise OperationalError("connection refused")

    monkeypatch.setattr(pipeline.diagnose, "apply_async", refuse)

    with caplog.at_level(logging.ERROR), transaction.atomic():
        pipeline.diagnose.delay_on_commit("some scan")

    assert "connection refused" in caplog.text
