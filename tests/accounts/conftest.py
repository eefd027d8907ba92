"""The people that the tests of the people side start from."""

import pytest

from accounts import api_keys
from accounts.roles import Ability


@pytest.fixture
def north(two_hospitals):
    return two_hospitals.north


@pytest.fixture
def admin(client, north):
    client.force_login(north.hospital_admin)
    return client


@pytest.fixture
def key(north):
    return api_keys.issue(
        hospital=north.hospital, user=north.integrator, name="CT", scopes=[Ability.VIEW_SCANS], issued_by=None
    )[0]
