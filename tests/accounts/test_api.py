"""me/: who the caller is, narrowed to the key they came with."""

from accounts.models import ApiKey, Membership
from accounts.roles import ABILITIES, Ability, Role
from tests.callers import machine_of, session_of
from tests.factories import MembershipFactory

ME = "/api/v1/me/"


def test_a_person_sees_each_hospital_with_what_they_may_do_there(two_hospitals):
    north, south = two_hospitals.north, two_hospitals.south
    MembershipFactory(user=north.radiologist, hospital=south.hospital, role=Role.TECHNICIAN)
    body = session_of(north.radiologist).get(ME).json()
    assert (body["email"], body["key"]) == (north.radiologist.email, None)
    abilities = {hospital["slug"]: set(hospital["abilities"]) for hospital in body["hospitals"]}
    assert abilities == {"north": ABILITIES[Role.RADIOLOGIST], "south": ABILITIES[Role.TECHNICIAN]}


def test_a_machine_sees_only_its_keys_hospital_and_scopes(two_hospitals):
    north, south = two_hospitals.north, two_hospitals.south
    MembershipFactory(user=north.integrator, hospital=south.hospital, role=Role.INTEGRATOR)
    body = machine_of(north.integrator, north.hospital, [Ability.SUBMIT_SCANS]).get(ME).json()
    assert [(hospital["slug"], hospital["abilities"]) for hospital in body["hospitals"]] == [
        ("north", ["submit_scans"])
    ]
    assert (body["key"]["hospital"], body["key"]["scopes"]) == ("north", ["submit_scans"])
    assert body["key"]["prefix"] == ApiKey.objects.get().prefix
    assert "digest" not in body["key"]


def test_who_lost_every_role_sees_no_hospital(two_hospitals):
    north = two_hospitals.north
    Membership.objects.filter(user=north.technician).update(is_active=False)
    assert session_of(north.technician).get(ME).json()["hospitals"] == []
