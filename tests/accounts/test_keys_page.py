"""The API keys of the members page: shown once, refused at the field that is wrong, revoked."""

import pytest
from django.urls import reverse

from accounts import api_keys
from accounts.models import ApiKey
from accounts.roles import Ability


def test_a_key_of_another_hospital_is_not_found(admin, two_hospitals):
    south = two_hospitals.south
    key, _ = api_keys.issue(
        hospital=south.hospital, user=south.integrator, name="x", scopes=[Ability.VIEW_SCANS], issued_by=None
    )
    assert admin.post(reverse("revoke_key", args=[two_hospitals.north.hospital.pk, key.pk])).status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None


def test_a_key_is_shown_once_and_kept_as_a_hash(admin, north):
    data = {"name": "MR", "owner": str(north.integrator.pk), "scopes": ["view_scans", "submit_scans"], "days": 30}
    response = admin.post(reverse("issue_key", args=[north.hospital.pk]), data)
    text = response.context["secret"]
    assert text in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    key = api_keys.find(text)
    assert (key.user, key.scopes, key.created_by) == (
        north.integrator,
        ["submit_scans", "view_scans"],
        north.hospital_admin,
    )
    assert 29 <= (key.expires_at - key.created_at).days <= 30
    page = admin.get(reverse("members", args=[north.hospital.pk])).content.decode()
    assert text not in page
    assert key.prefix in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scopes", ["sign_reports"]),
        ("scopes", []),
        ("days", 36500),
        ("name", "CT"),
        ("owner", "south"),
        ("owner", "model_manager"),
    ],
)
def test_a_key_that_may_not_be_is_refused_at_its_field(admin, two_hospitals, key, field, value):
    north = two_hospitals.north
    people = {"south": two_hospitals.south.integrator.pk, "model_manager": north.model_manager.pk}
    data = {"name": "MR", "owner": str(north.integrator.pk), "scopes": ["view_scans"], "days": 30, field: value}
    data["owner"] = str(people.get(data["owner"], data["owner"]))
    response = admin.post(reverse("issue_key", args=[north.hospital.pk]), data)
    assert response.status_code == 422
    assert {"scopes", "owner", "days", "name"} & set(response.context["form"].errors)
    assert ApiKey.objects.count() == 1


def test_scopes_beyond_the_owner_are_refused_at_the_scopes(admin, north):
    data = {"name": "MR", "owner": str(north.technician.pk), "scopes": ["view_models"], "days": 30}
    response = admin.post(reverse("issue_key", args=[north.hospital.pk]), data)
    assert "scopes" in response.context["form"].errors
    assert not ApiKey.objects.exists()


def test_a_revoked_key_is_listed_as_revoked(admin, north, key):
    page = admin.post(reverse("revoke_key", args=[north.hospital.pk, key.pk]), follow=True).content.decode()
    assert "Revoked" in page
    key.refresh_from_db()
    assert key.revoked_at is not None
