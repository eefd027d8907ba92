"""The doorbell: it may fail, and then the scan is safe all the same."""

import logging

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from scans import pipeline


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_is_logged_and_never_reaches_the_uploader(monkeypatch, caplog):
    def refuse(*args, **options):
        raise OperationalError("connection refused")

    monkeypatch.setattr(pipeline.diagnose, "apply_async", refuse)

    with caplog.at_level(logging.ERROR), transaction.atomic():
        pipeline.diagnose.delay_on_commit("some scan")

    assert "connection refused" in caplog.text
