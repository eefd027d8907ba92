"""The table of roles and abilities, and what it opens for whom."""

import pytest

from accounts.models import ApiKey, Membership
from accounts.roles import ABILITIES, KEY_SCOPES, Ability, Role, roles_with
from tests.factories import HospitalFactory, MembershipFactory, UserFactory

TABLE = {
    Ability.VIEW_SCANS: {Role.RADIOLOGIST, Role.TECHNICIAN, Role.INTEGRATOR},
    Ability.SUBMIT_SCANS: {Role.TECHNICIAN, Role.INTEGRATOR},
    Ability.REVIEW_SCANS: {Role.RADIOLOGIST},
    Ability.SIGN_REPORTS: {Role.RADIOLOGIST},
    Ability.MANAGE_MEMBERS: {Role.HOSPITAL_ADMIN},
    Ability.MANAGE_API_KEYS: {Role.HOSPITAL_ADMIN},
    Ability.VIEW_MODELS: {Role.RADIOLOGIST, Role.HOSPITAL_ADMIN, Role.INTEGRATOR, Role.MODEL_MANAGER},
    Ability.MANAGE_MODELS: {Role.MODEL_MANAGER},
    Ability.STOP_MODEL: {Role.HOSPITAL_ADMIN, Role.MODEL_MANAGER},
}


@pytest.mark.parametrize("ability", list(Ability))
def test_exactly_these_roles_have_the_ability(ability):
    assert set(roles_with(ability)) == TABLE[ability]


def test_every_role_is_in_the_table():
    assert set(ABILITIES) == set(Role)


def test_no_key_signs_reviews_or_manages():
    assert {Ability.VIEW_SCANS, Ability.SUBMIT_SCANS, Ability.VIEW_MODELS} == KEY_SCOPES


@pytest.mark.parametrize("ability", list(Ability))
@pytest.mark.parametrize("role", list(Role))
def test_a_person_has_the_abilities_of_their_role_at_their_hospital_only(two_hospitals, role, ability):
    person = getattr(two_hospitals.north, role)
    expected = role in TABLE[ability]
    assert person.can(ability) is expected
    assert person.can(ability, two_hospitals.north.hospital) is expected
    assert not person.can(ability, two_hospitals.south.hospital)
    assert list(person.hospitals_with(ability)) == ([two_hospitals.north.hospital] if expected else [])


def test_roles_of_two_hospitals_are_not_mixed(db):
    person = UserFactory()
    reads_here, sends_here = HospitalFactory(), HospitalFactory()
    MembershipFactory(user=person, hospital=reads_here, role=Role.RADIOLOGIST)
    MembershipFactory(user=person, hospital=sends_here, role=Role.TECHNICIAN)
    assert list(person.hospitals_with(Ability.SIGN_REPORTS)) == [reads_here]
    assert list(person.hospitals_with(Ability.SUBMIT_SCANS)) == [sends_here]
    assert set(person.hospitals_with(Ability.VIEW_SCANS)) == {reads_here, sends_here}


def test_a_deactivated_membership_opens_nothing(two_hospitals):
    person = two_hospitals.north.radiologist
    Membership.objects.filter(user=person).update(is_active=False)
    assert not person.can(Ability.VIEW_SCANS)


def test_a_closed_sign_in_opens_nothing(two_hospitals):
    person = two_hospitals.north.radiologist
    person.is_active = False
    person.save()
    assert not person.can(Ability.VIEW_SCANS)


def _through_a_key(person, hospital, scopes):
    person.acting_key = ApiKey(hospital=hospital, user=person, scopes=scopes)
    return person


def test_a_key_narrows_its_owner_to_its_scopes(two_hospitals):
    caller = _through_a_key(two_hospitals.north.integrator, two_hospitals.north.hospital, [Ability.SUBMIT_SCANS])
    assert caller.can(Ability.SUBMIT_SCANS)
    assert not caller.can(Ability.VIEW_SCANS)


def test_a_key_narrows_its_owner_to_its_hospital(two_hospitals):
    person, south = two_hospitals.north.integrator, two_hospitals.south.hospital
    MembershipFactory(user=person, hospital=south, role=Role.INTEGRATOR)
    caller = _through_a_key(person, south, [Ability.VIEW_SCANS])
    assert list(caller.hospitals_with(Ability.VIEW_SCANS)) == [south]


def test_a_key_gives_its_owner_nothing_they_lack(two_hospitals):
    caller = _through_a_key(two_hospitals.north.technician, two_hospitals.north.hospital, [Ability.VIEW_MODELS])
    assert not caller.can(Ability.VIEW_MODELS)


def test_a_scope_written_past_the_rules_still_does_not_sign(two_hospitals):
    caller = _through_a_key(two_hospitals.north.radiologist, two_hospitals.north.hospital, [Ability.SIGN_REPORTS])
    assert not caller.can(Ability.SIGN_REPORTS)
