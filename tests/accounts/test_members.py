"""Adding people, roles, deactivating: the rules below the members page."""

import pytest

from accounts import first_password, members
from accounts.errors import (
    AlreadyMember,
    BadRoles,
    LastAdmin,
    NoFirstPassword,
    NotAMember,
    OwnAdminRole,
    PasswordNotChosen,
)
from accounts.models import AuditEntry, Membership, User
from accounts.roles import Role
from tests.factories import MembershipFactory, UserFactory


@pytest.fixture
def second_admin(north):
    return MembershipFactory(hospital=north.hospital, role=Role.HOSPITAL_ADMIN, user=UserFactory(name="Second")).user


def add(staff, **stated):
    stated = {"email": "new@north.example", "name": "New Person", "roles": [Role.TECHNICIAN], **stated}
    return members.add_person(staff.hospital, added_by=staff.hospital_admin, **stated)


def roles_at(hospital, user):
    return list(hospital.memberships.filter(user=user).order_by("role").values_list("role", "is_active"))


def last_line(action):
    return AuditEntry.objects.filter(action=action).first()


def test_a_new_person_gets_a_sign_in_that_nobody_can_use_yet(north):
    added = add(north, email="New.Person@North.Example", roles=[Role.TECHNICIAN, Role.RADIOLOGIST])
    assert added.is_new
    assert added.user.email == "new.person@north.example"
    assert not added.user.has_usable_password()
    assert roles_at(north.hospital, added.user) == [("radiologist", True), ("technician", True)]
    line = last_line("member.added")
    assert (line.actor, line.object_id, line.hospital) == (north.hospital_admin, str(added.user.pk), north.hospital)
    assert line.detail == {"roles": ["radiologist", "technician"], "is_new": True}


def test_a_person_known_elsewhere_only_gets_memberships(two_hospitals):
    south_reader = two_hospitals.south.radiologist
    before = User.objects.filter(pk=south_reader.pk).values().get()
    added = add(two_hospitals.north, email=south_reader.email.upper(), name="Another Name", roles=[Role.RADIOLOGIST])
    assert (added.user, added.is_new) == (south_reader, False)
    assert User.objects.filter(pk=south_reader.pk).values().get() == before
    assert roles_at(two_hospitals.south.hospital, south_reader) == [("radiologist", True)]


def test_a_person_already_here_is_refused_also_when_deactivated(north):
    for _ in range(2):
        with pytest.raises(AlreadyMember):
            add(north, email=north.technician.email)
        members.deactivate(north.hospital, north.technician, deactivated_by=north.hospital_admin)
    assert AuditEntry.objects.filter(action="member.added").count() == 0


def test_an_unclaimed_sign_in_of_another_hospital_is_refused(two_hospitals):
    """Whoever holds the other hospital's link could become the person, and read this hospital's records."""
    add(two_hospitals.south, email="new@example.org")
    with pytest.raises(PasswordNotChosen):
        add(two_hospitals.north, email="new@example.org")
    assert not two_hospitals.north.hospital.memberships.filter(user__email="new@example.org").exists()


@pytest.mark.parametrize("roles", [[], ["king"], [Role.TECHNICIAN, "king"]])
def test_no_role_and_unknown_roles_are_refused_and_nothing_is_kept(north, roles):
    with pytest.raises(BadRoles):
        add(north, roles=roles)
    assert not User.objects.filter(email="new@north.example").exists()


def test_roles_are_replaced_and_both_sets_are_audited(north):
    members.set_roles(
        north.hospital, north.technician, roles=["integrator", "radiologist"], set_by=north.hospital_admin
    )
    assert roles_at(north.hospital, north.technician) == [("integrator", True), ("radiologist", True)]
    assert last_line("member.roles_set").detail == {"before": ["technician"], "after": ["integrator", "radiologist"]}


def test_the_same_roles_again_change_nothing(north):
    members.set_roles(north.hospital, north.technician, roles=["technician"], set_by=north.hospital_admin)
    assert last_line("member.roles_set") is None


def test_roles_here_do_not_touch_roles_elsewhere(two_hospitals):
    north, south = two_hospitals.north, two_hospitals.south
    MembershipFactory(user=north.radiologist, hospital=south.hospital, role=Role.RADIOLOGIST)
    members.set_roles(north.hospital, north.radiologist, roles=["technician"], set_by=north.hospital_admin)
    members.deactivate(north.hospital, north.radiologist, deactivated_by=north.hospital_admin)
    assert roles_at(south.hospital, north.radiologist) == [("radiologist", True)]


def test_deactivating_and_reactivating_keep_the_roles(north):
    for _ in range(2):
        members.deactivate(north.hospital, north.technician, deactivated_by=north.hospital_admin)
    assert roles_at(north.hospital, north.technician) == [("technician", False)]
    with pytest.raises(NotAMember):
        members.set_roles(north.hospital, north.technician, roles=["radiologist"], set_by=north.hospital_admin)
    for _ in range(2):
        members.reactivate(north.hospital, north.technician, reactivated_by=north.hospital_admin)
    assert roles_at(north.hospital, north.technician) == [("technician", True)]
    actions = (
        AuditEntry.objects.filter(object_id=str(north.technician.pk)).order_by("id").values_list("action", flat=True)
    )
    assert list(actions) == ["member.deactivated", "member.reactivated"]


def test_an_admin_does_not_end_their_own_admin_role(north, second_admin):
    me = north.hospital_admin
    with pytest.raises(OwnAdminRole):
        members.set_roles(north.hospital, me, roles=["technician"], set_by=me)
    with pytest.raises(OwnAdminRole):
        members.deactivate(north.hospital, me, deactivated_by=me)
    assert roles_at(north.hospital, me) == [("hospital_admin", True)]


def test_an_admin_may_take_another_role_beside(north):
    me = north.hospital_admin
    members.set_roles(north.hospital, me, roles=["hospital_admin", "radiologist"], set_by=me)
    assert roles_at(north.hospital, me) == [("hospital_admin", True), ("radiologist", True)]


def test_another_admin_can_end_it(north, second_admin):
    members.deactivate(north.hospital, north.hospital_admin, deactivated_by=second_admin)
    assert not north.hospital_admin.can("manage_members")


@pytest.mark.parametrize("why", ["deactivated here", "sign-in closed", "at another hospital"])
def test_the_last_active_admin_stays(two_hospitals, second_admin, why):
    """Two admins who remove each other: the second request comes from one who was just removed."""
    north = two_hospitals.north
    if why == "deactivated here":
        members.deactivate(north.hospital, second_admin, deactivated_by=north.hospital_admin)
    elif why == "sign-in closed":
        User.objects.filter(pk=second_admin.pk).update(is_active=False)
    else:
        Membership.objects.filter(user=second_admin).update(hospital=two_hospitals.south.hospital)
    for act in (
        lambda: members.deactivate(north.hospital, north.hospital_admin, deactivated_by=second_admin),
        lambda: members.set_roles(north.hospital, north.hospital_admin, roles=["technician"], set_by=second_admin),
    ):
        with pytest.raises(LastAdmin):
            act()
    assert roles_at(north.hospital, north.hospital_admin) == [("hospital_admin", True)]


def test_an_act_whose_audit_line_cannot_be_written_is_not_done(north, monkeypatch):
    members.deactivate(north.hospital, north.integrator, deactivated_by=north.hospital_admin)
    before = list(Membership.objects.order_by("pk").values_list()), User.objects.count()

    def full_disk(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(members.audit, "record", full_disk)
    for act in (
        lambda: add(north),
        lambda: members.set_roles(north.hospital, north.technician, roles=["radiologist"], set_by=north.hospital_admin),
        lambda: members.deactivate(north.hospital, north.technician, deactivated_by=north.hospital_admin),
        lambda: members.reactivate(north.hospital, north.integrator, reactivated_by=north.hospital_admin),
    ):
        with pytest.raises(OSError, match="No space"):
            act()
    assert (list(Membership.objects.order_by("pk").values_list()), User.objects.count()) == before


@pytest.mark.parametrize("act", [members.deactivate, members.reactivate, members.set_roles, first_password.path_for])
def test_nobody_acts_on_people_of_another_hospital(two_hospitals, act):
    north, foreigner = two_hospitals.north, two_hospitals.south.technician
    by = {
        members.deactivate: {"deactivated_by": north.hospital_admin},
        members.reactivate: {"reactivated_by": north.hospital_admin},
        members.set_roles: {"set_by": north.hospital_admin, "roles": ["radiologist"]},
        first_password.path_for: {"made_by": north.hospital_admin},
    }[act]
    with pytest.raises(NotAMember):
        act(north.hospital, foreigner, **by)


def test_a_first_password_link_is_only_for_somebody_who_is_new_and_only_ours(two_hospitals):
    north, south = two_hospitals.north, two_hospitals.south
    new = add(north).user
    assert "/accounts/password/reset/key/" in first_password.path_for(north.hospital, new, made_by=north.hospital_admin)
    assert last_line("member.password_link_made").actor == north.hospital_admin
    with pytest.raises(NoFirstPassword):
        first_password.path_for(north.hospital, north.technician, made_by=north.hospital_admin)
    MembershipFactory(user=new, hospital=south.hospital)
    with pytest.raises(NoFirstPassword):
        first_password.path_for(north.hospital, new, made_by=north.hospital_admin)


def test_the_list_shows_this_hospitals_people_and_nothing_of_another(two_hospitals, django_assert_num_queries):
    north, south = two_hospitals.north, two_hospitals.south
    MembershipFactory(user=north.technician, hospital=south.hospital, role=Role.HOSPITAL_ADMIN)
    with django_assert_num_queries(2):
        shown = {member.user: member.role_titles for member in members.members_of(north.hospital)}
    assert set(shown) == set(north.everyone)
    assert shown[north.technician] == ["Technician"]


def test_a_search_finds_by_name_and_by_email(north):
    assert [m.user for m in members.members_of(north.hospital, search="RADIOLOGIST@")] == [north.radiologist]
    assert [m.user for m in members.members_of(north.hospital, search="model manager")] == [north.model_manager]
