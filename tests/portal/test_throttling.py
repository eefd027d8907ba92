"""How many calls one key or person may make, counted where every process sees it."""

import pytest
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache

from portal.throttling import PerCallerThrottle
from tests.callers import machine_of, session_of

ME = "/api/v1/me/"


@pytest.fixture
def three_a_minute(monkeypatch):
    monkeypatch.setattr(PerCallerThrottle, "THROTTLE_RATES", {"caller": "3/minute"})


def test_beyond_the_rate_the_answer_is_429_and_when_to_come_back(two_hospitals, three_a_minute):
    machine = machine_of(two_hospitals.north.integrator, two_hospitals.north.hospital)
    assert [machine.get(ME).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = machine.get(ME)
    assert 0 < int(refused["Retry-After"]) <= 61
    assert refused["Content-Type"] == "application/problem+json"


def test_one_callers_flood_costs_no_other_caller_anything(two_hospitals, three_a_minute):
    north, south = two_hospitals.north, two_hospitals.south
    flooding = machine_of(north.integrator, north.hospital)
    for _ in range(5):
        flooding.get(ME)
    others = [
        session_of(north.integrator),
        machine_of(north.integrator, north.hospital),
        machine_of(south.integrator, south.hospital),
    ]
    assert [other.get(ME).status_code for other in others] == [200, 200, 200]


def test_the_count_is_kept_where_all_processes_see_it():
    assert isinstance(caches["default"], DatabaseCache)
