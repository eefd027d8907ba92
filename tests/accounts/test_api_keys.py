"""Keys of machines: issued once, kept as hashes, refused when revoked, expired or orphaned."""

import datetime
import json

import pytest
from django.core import serializers
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from accounts import api_keys, members
from accounts.authentication import ApiKeyAuthentication
from accounts.errors import BadScopes
from accounts.models import ApiKey, AuditEntry
from accounts.roles import Ability


@pytest.fixture
def issued(north):
    return api_keys.issue(
        hospital=north.hospital,
        user=north.integrator,
        name="CT room 2",
        scopes=[Ability.SUBMIT_SCANS],
        issued_by=north.hospital_admin,
        valid_for=datetime.timedelta(days=30),
    )


def authenticate(header):
    return ApiKeyAuthentication().authenticate(APIRequestFactory().get("/", headers={"Authorization": header}))


def test_the_key_opens_and_acts_as_its_owner_narrowed(north, issued):
    key, text = issued
    user, auth = authenticate(f"Bearer {text}")
    assert (user, auth) == (north.integrator, key)
    assert user.acting_key == key
    assert user.can(Ability.SUBMIT_SCANS)
    assert not user.can(Ability.VIEW_SCANS)


def test_only_the_hash_is_kept(issued):
    key, text = issued
    kept = serializers.serialize("json", [*ApiKey.objects.all(), *AuditEntry.objects.all()])
    assert text not in kept
    assert json.loads(kept)[0]["fields"]["digest"] == api_keys.digest_of(text)
    assert len(text) - len(key.prefix) > 32  # what is shown in the list is no help in guessing the rest


def test_two_keys_are_never_the_same(north, issued):
    _, other = api_keys.issue(
        hospital=north.hospital, user=north.integrator, name="x", scopes=[Ability.VIEW_SCANS], issued_by=None
    )
    assert other != issued[1]


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer lbx_unknown", "Bearer \x00", "bearer nothing here"])
def test_an_unknown_key_is_refused(db, header):
    with pytest.raises(AuthenticationFailed, match="Expected a key in force"):
        authenticate(header)


@pytest.mark.parametrize("scheme", ["", "Token ", "Basic ", "Bearer:"])
def test_a_key_under_another_scheme_is_not_read(issued, scheme):
    assert authenticate(scheme + issued[1]) is None


def test_a_revoked_key_is_refused_at_the_next_call(north, issued):
    key, text = issued
    api_keys.revoke(key, revoked_by=north.hospital_admin)
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {text}")


def test_an_expired_key_is_refused(issued):
    key, text = issued
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {text}")


def test_a_key_stops_with_its_owners_sign_in(north, issued):
    north.integrator.is_active = False
    north.integrator.save()
    assert api_keys.find(issued[1]) is None


def test_a_key_stops_with_its_owners_time_at_the_hospital(north, issued):
    members.deactivate(north.hospital, north.integrator, deactivated_by=north.hospital_admin)
    assert api_keys.find(issued[1]) is None


def test_a_key_of_one_hospital_does_not_live_on_its_owners_other_hospital(two_hospitals, issued):
    north, south = two_hospitals.north, two_hospitals.south
    members.add_person(
        south.hospital, email=north.integrator.email, name="x", roles=["integrator"], added_by=south.hospital_admin
    )
    members.deactivate(north.hospital, north.integrator, deactivated_by=north.hospital_admin)
    assert api_keys.find(issued[1]) is None


@pytest.mark.parametrize(
    "scopes", [[], ["fly"], [Ability.SIGN_REPORTS], [Ability.SUBMIT_SCANS, Ability.MANAGE_MEMBERS]]
)
def test_scopes_no_key_may_have_are_refused(north, scopes):
    with pytest.raises(BadScopes):
        api_keys.issue(hospital=north.hospital, user=north.integrator, name="x", scopes=scopes, issued_by=None)
    assert not ApiKey.objects.exists()


def test_a_key_gets_no_scope_its_owner_lacks(north):
    with pytest.raises(BadScopes, match="view_models"):
        api_keys.issue(
            hospital=north.hospital, user=north.technician, name="x", scopes=[Ability.VIEW_MODELS], issued_by=None
        )


def test_a_key_for_somebody_of_another_hospital_is_refused(two_hospitals):
    with pytest.raises(BadScopes):
        api_keys.issue(
            hospital=two_hospitals.north.hospital,
            user=two_hospitals.south.integrator,
            name="x",
            scopes=[Ability.VIEW_SCANS],
            issued_by=None,
        )


def test_issuing_and_revoking_are_audited_once(north, issued):
    key, _ = issued
    api_keys.revoke(key, revoked_by=north.hospital_admin)
    api_keys.revoke(key, revoked_by=north.hospital_admin)
    lines = AuditEntry.objects.filter(object_id=str(key.pk)).order_by("id")
    assert [(line.action, line.actor, line.hospital) for line in lines] == [
        ("api_key.issued", north.hospital_admin, north.hospital),
        ("api_key.revoked", north.hospital_admin, north.hospital),
    ]


def test_reading_with_a_key_rarely_writes(issued, django_assert_num_queries):
    _, text = issued
    authenticate(f"Bearer {text}")
    first_use = ApiKey.objects.get().last_used_at
    assert first_use is not None
    with django_assert_num_queries(1):
        authenticate(f"Bearer {text}")
    assert ApiKey.objects.get().last_used_at == first_use
