"""The members page, as a table of (who, status), and act by act through the browser's door."""

import pytest
from django.urls import reverse

from accounts import members
from accounts.models import ApiKey, AuditEntry, Membership, User
from accounts.roles import Ability, Role
from tests.factories import MembershipFactory

WHO = ["nobody", "stranger", *(f"north.{role}" for role in Role.values), "south.hospital_admin"]
ALLOWED = "north.hospital_admin"


def address(name, hospital, person, key):
    ids = {"hospital_id": hospital.pk}
    if name in ("member", "deactivate_member", "reactivate_member", "first_password_link"):
        ids["user_id"] = person.pk
    if name == "revoke_key":
        ids["key_id"] = key.pk
    return reverse(name, kwargs=ids)


def sign_in(client, two_hospitals, who):
    if who == "stranger":
        client.force_login(two_hospitals.stranger)
    elif who != "nobody":
        hospital, role = who.split(".")
        client.force_login(getattr(getattr(two_hospitals, hospital), role))


def status_for(who, allowed_status):
    if who == "nobody":
        return 302
    if who == "south.hospital_admin":
        return 404
    return allowed_status if who == ALLOWED else 403


GETS = ["members", "add_member", "member", "issue_key"]
POSTS = {
    "add_member": ({"email": "n@n.example", "name": "N", "roles": ["technician"]}, 200),
    "member": ({"roles": ["radiologist"]}, 302),
    "deactivate_member": ({}, 302),
    "reactivate_member": ({}, 302),
    "first_password_link": ({}, 302),
    "issue_key": ({"name": "MR", "scopes": ["view_scans"], "days": 30}, 200),
    "revoke_key": ({}, 302),
}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", GETS)
def test_who_may_open_it(client, two_hospitals, key, name, who):
    sign_in(client, two_hospitals, who)
    north = two_hospitals.north
    response = client.get(address(name, north.hospital, north.technician, key))
    assert response.status_code == status_for(who, 200)
    if response.status_code == 302:
        assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", POSTS)
def test_who_may_do_it_and_nobody_else_changes_anything(client, two_hospitals, key, name, who):
    sign_in(client, two_hospitals, who)
    north = two_hospitals.north
    data, allowed_status = POSTS[name]
    if name == "issue_key":
        data = {**data, "owner": str(north.integrator.pk)}
    before = AuditEntry.objects.count(), list(Membership.objects.values_list()), list(ApiKey.objects.values_list())
    response = client.post(address(name, north.hospital, north.technician, key), data)
    assert response.status_code == status_for(who, allowed_status)
    if who != ALLOWED:
        after = AuditEntry.objects.count(), list(Membership.objects.values_list()), list(ApiKey.objects.values_list())
        assert after == before


@pytest.mark.parametrize("name", ["member", "deactivate_member", "reactivate_member", "first_password_link"])
def test_people_of_another_hospital_are_not_found(admin, two_hospitals, key, name):
    url = address(name, two_hospitals.north.hospital, two_hospitals.south.technician, key)
    assert admin.post(url, {"roles": ["technician"]}).status_code == 404


@pytest.mark.parametrize("name", ["deactivate_member", "reactivate_member", "first_password_link", "revoke_key"])
def test_nothing_is_done_by_opening_an_address(admin, north, key, name):
    assert admin.get(address(name, north.hospital, north.technician, key)).status_code == 405


def test_the_admin_of_one_hospital_goes_straight_there(admin, north):
    response = admin.get(reverse("members"))
    assert response.url == reverse("members", args=[north.hospital.pk])


def test_the_admin_of_two_hospitals_chooses(admin, two_hospitals):
    north, south = two_hospitals.north, two_hospitals.south
    MembershipFactory(user=north.hospital_admin, hospital=south.hospital, role=Role.HOSPITAL_ADMIN)
    page = admin.get(reverse("members")).content.decode()
    for hospital in (north.hospital, south.hospital):
        assert reverse("members", args=[hospital.pk]) in page


def test_the_list_names_this_hospitals_people_only(admin, two_hospitals):
    page = admin.get(reverse("members", args=[two_hospitals.north.hospital.pk])).content.decode()
    assert all(person.email in page for person in two_hospitals.north.everyone)
    assert not any(person.email in page for person in [*two_hospitals.south.everyone, two_hospitals.stranger])


def test_a_search_with_htmx_answers_the_list_alone(admin, north):
    url = reverse("members", args=[north.hospital.pk])
    page = admin.get(
        url, {"search": "technician"}, headers={"HX-Request": "true", "HX-Target": "people"}
    ).content.decode()
    assert "<html" not in page
    assert north.technician.email in page
    assert north.radiologist.email not in page


def test_a_new_persons_link_is_shown_once_and_opens_once(admin, client, north):
    url = reverse("add_member", args=[north.hospital.pk])
    data = {"email": "new@north.example", "name": "New", "roles": ["technician"]}
    response = admin.post(url, data)
    link = response.context["secret"]
    assert link in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    new = User.objects.get(email="new@north.example")
    shown_elsewhere = [
        reverse("members", args=[north.hospital.pk]),
        reverse("member", args=[north.hospital.pk, new.pk]),
    ]
    assert not any(link.split("/")[-2] in admin.get(page).content.decode() for page in shown_elsewhere)

    client.logout()
    form = client.get(link, follow=True)
    password = {"password1": "a long enough password", "password2": "a long enough password"}
    assert client.post(form.request["PATH_INFO"], password).status_code == 302
    assert client.login(email=new.email, password="a long enough password")
    client.logout()
    assert "does not work any more" in client.get(link, follow=True).content.decode()


def test_a_lost_link_is_replaced_until_the_password_is_chosen(admin, north):
    new = members.add_person(
        north.hospital, email="new@north.example", name="New", roles=["technician"], added_by=north.hospital_admin
    ).user
    url = reverse("first_password_link", args=[north.hospital.pk, new.pk])
    assert "/accounts/password/reset/key/" in admin.post(url).context["secret"]
    new.set_password("a long enough password")
    new.save()
    response = admin.post(url, follow=True)
    assert "secret" not in response.context
    assert "Forgot your password" in response.content.decode()


def test_adding_somebody_known_elsewhere_reveals_nothing_of_it(admin, two_hospitals):
    north, south = two_hospitals.north, two_hospitals.south
    data = {"email": south.radiologist.email, "name": "x", "roles": ["radiologist"]}
    page = admin.post(reverse("add_member", args=[north.hospital.pk]), data, follow=True).content.decode()
    assert "has a sign-in on this portal already" in page
    assert south.hospital.name not in page
    assert "password/reset/key" not in page


def test_mass_assignment_does_nothing(admin, two_hospitals):
    north, south = two_hospitals.north, two_hospitals.south
    data = {
        "email": "new@north.example",
        "name": "New",
        "roles": ["technician"],
        "is_superuser": "on",
        "is_staff": "on",
        "password": "known to the attacker",
        "hospital": str(south.hospital.pk),
        "added_by": str(south.hospital_admin.pk),
    }
    admin.post(reverse("add_member", args=[north.hospital.pk]), data)
    new = User.objects.get(email="new@north.example")
    assert (new.is_superuser, new.is_staff, new.has_usable_password()) == (False, False, False)
    assert [(m.hospital, m.role) for m in new.memberships.all()] == [(north.hospital, "technician")]
    assert AuditEntry.objects.get(action="member.added").actor == north.hospital_admin


@pytest.mark.parametrize("roles", [[], ["king"]])
def test_bad_roles_are_shown_at_the_form_and_nothing_changes(admin, north, roles):
    response = admin.post(reverse("member", args=[north.hospital.pk, north.technician.pk]), {"roles": roles})
    assert response.status_code == 422
    assert "roles" in response.context["form"].errors
    assert [m.role for m in north.hospital.memberships.filter(user=north.technician)] == ["technician"]


def test_taking_ones_own_admin_role_is_refused_in_words(admin, north):
    me = north.hospital_admin
    response = admin.post(reverse("member", args=[north.hospital.pk, me.pk]), {"roles": ["technician"]})
    assert response.status_code == 422
    assert "Expected another admin to end your admin role" in response.content.decode()
    response = admin.post(reverse("deactivate_member", args=[north.hospital.pk, me.pk]), follow=True)
    assert "Expected another admin to end your admin role" in response.content.decode()
    assert me.can(Ability.MANAGE_MEMBERS, north.hospital)


def test_names_are_escaped(admin, north):
    north.technician.name = "<script>alert(1)</script>"
    north.technician.save()
    page = admin.get(reverse("members", args=[north.hospital.pk])).content.decode()
    assert "<script>alert(1)" not in page


def test_many_people_come_in_pages_and_with_the_same_few_queries(admin, north, django_assert_max_num_queries):
    url = reverse("members", args=[north.hospital.pk])
    MembershipFactory.create_batch(60, hospital=north.hospital)
    with django_assert_max_num_queries(20):
        first = admin.get(url)
    assert len(first.context["page"]) == 50
    assert len(admin.get(url, {"page": 2}).context["page"]) == 15
