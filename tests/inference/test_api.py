"""models/: versions and their facts, and which one reads new scans."""

import pytest

from tests.callers import session_of
from tests.factories import ModelVersionFactory

MODELS = "/api/v1/models/"


@pytest.fixture
def manager(two_hospitals):
    return session_of(two_hospitals.north.model_manager)


def test_a_version_shows_its_facts_and_whether_it_is_active_but_no_path_of_ours(manager):
    active = ModelVersionFactory(status="active", card={"labels": ["covid19"], "temperature": 1.3})
    ModelVersionFactory()
    body = manager.get(f"{MODELS}{active.pk}/").json()
    assert (body["weights_sha256"], body["status"], body["is_active"]) == (active.weights_sha256, "active", True)
    assert body["facts"] == {"labels": ["covid19"], "temperature": 1.3}
    assert body["notice"] == "Research use, not a medical device"
    assert "/nonexistent" not in str(body)
    assert [row["id"] for row in manager.get(f"{MODELS}?status=active").json()["results"]] == [str(active.pk)]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_models_are_registered_and_activated_by_command_not_by_the_api(manager, method):
    version = ModelVersionFactory()
    for path in (MODELS, f"{MODELS}{version.pk}/"):
        assert getattr(manager, method)(path).status_code == 405
