"""The two hospitals and a machine, for every test of the API."""

import pytest
from django.test import Client

from tests.callers import machine_of


@pytest.fixture
def north(two_hospitals):
    return two_hospitals.north


@pytest.fixture
def south(two_hospitals):
    return two_hospitals.south


@pytest.fixture
def machine(north) -> Client:
    """The north's integrator's machine with every scope a key may have."""
    return machine_of(north.integrator, north.hospital)
