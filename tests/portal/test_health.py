"""Alive is about the process; ready is about what the desk needs, with each component by name."""

import datetime
import errno
import json
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils import timezone

from portal import health
from tests.factories import ModelVersionFactory, ScanFactory

pytestmark = pytest.mark.django_db


def _ready(client):
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


@pytest.fixture
def active_version(tmp_path):
    return ModelVersionFactory(status="active", graph_path=str(tmp_path))


@pytest.fixture(autouse=True)
def reachable_broker(monkeypatch):
    """The broker of the machine that runs the tests is not what these tests are about."""
    monkeypatch.setitem(health.CHECKS, "broker", lambda: health.Condition(health.OK))


def test_alive_asks_nothing_of_the_database(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_a_desk_in_order_is_ready(client, active_version):
    status, answer = _ready(client)
    assert (status, answer["status"]) == (200, "ok")
    assert set(answer["components"]) == {"database", "storage", "broker", "model", "worker", "scheduler"}


def test_no_answer_may_be_kept(client):
    assert "no-store" in client.get("/readyz")["Cache-Control"]


def test_without_the_database_it_is_not_ready(client, monkeypatch):
    def refuse():
        raise DatabaseError("no connection")

    monkeypatch.setattr(connection, "cursor", refuse)
    status, answer = _ready(client)
    assert (status, answer["status"]) == (503, "down")
    assert answer["components"]["database"]["status"] == "down"
    assert "no connection" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("error", "status", "condition"), [(errno.EROFS, 503, "down"), (errno.ENOSPC, 200, "degraded")]
)  # fmt: skip
def test_a_folder_that_cannot_be_written_and_a_full_disk_differ(
    client, monkeypatch, active_version, error, status, condition
):
    def refuse(**_):
        raise OSError(error, "refused")

    monkeypatch.setattr(health.tempfile, "TemporaryFile", refuse)
    received, answer = _ready(client)
    assert (received, answer["components"]["storage"]["status"]) == (status, condition)


def test_little_room_is_said_before_it_is_none(client, monkeypatch, active_version):
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: SimpleNamespace(free=1024))
    status, answer = _ready(client)
    assert (status, answer["status"]) == (200, "degraded")
    assert "room" in answer["components"]["storage"]["reason"]


def test_without_the_broker_scans_still_come_in_and_are_read(client, monkeypatch, active_version):
    def refuse():
        raise ConnectionError("refused")

    monkeypatch.setitem(health.CHECKS, "broker", refuse)
    status, answer = _ready(client)
    assert (status, answer["status"]) == (200, "degraded")
    assert answer["components"]["broker"]["status"] == "down"


def test_without_a_model_it_is_degraded_not_down(client):
    status, answer = _ready(client)
    assert (status, answer["status"]) == (200, "degraded")
    assert "No model version is active" in answer["components"]["model"]["reason"]


def test_a_missing_graph_is_named(client):
    ModelVersionFactory(status="active", graph_path="/nonexistent")
    assert "graph is missing" in _ready(client)[1]["components"]["model"]["reason"]


@pytest.mark.parametrize(("component", "column"), [("worker", "received_at"), ("scheduler", "rung_at")])
def test_a_scan_that_waits_too_long_tells_who_is_missing(client, active_version, component, column):
    ScanFactory(**{column: timezone.now() - datetime.timedelta(minutes=10)})
    status, answer = _ready(client)
    assert (status, answer["components"][component]["status"]) == (200, "degraded")


def test_a_scan_that_just_came_in_worries_nobody(client, active_version):
    ScanFactory()
    assert _ready(client)[1]["status"] == "ok"


def test_only_reading_is_allowed(client):
    assert client.post("/readyz").status_code == 405


@pytest.fixture(autouse=True)
def empty_cache(db):
    cache.clear()
