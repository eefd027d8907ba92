"""Signing in and out: limits, audit lines, closed sign-up, and access that ends at the next request."""

import pytest
from django.core import mail
from django.urls import reverse

from accounts import members
from accounts.models import AuditEntry, User
from accounts.roles import Role
from tests.factories import PASSWORD

LOGIN = "/accounts/login/"


@pytest.fixture
def person(two_hospitals):
    return two_hospitals.north.hospital_admin


def sign_in(client, person, password=PASSWORD, **headers):
    return client.post(LOGIN, {"login": person.email, "password": password}, **headers)


def lines():
    return list(AuditEntry.objects.order_by("id").values_list("action", "actor_label", "object_id"))


def test_signing_in_by_email_whatever_its_case_and_out_is_audited(client, person):
    response = client.post(LOGIN, {"login": person.email.upper(), "password": PASSWORD})
    assert response.url == reverse("home")
    client.post(reverse("account_logout"))
    assert lines() == [
        ("person.signed_in", person.email, str(person.pk)),
        ("person.signed_out", person.email, str(person.pk)),
    ]
    assert AuditEntry.objects.first().address == "127.0.0.1"


def test_a_failed_sign_in_is_audited_without_what_was_typed(client, person):
    sign_in(client, person, "wrong password")
    client.post(LOGIN, {"login": "my-password@typed.example", "password": "x"})
    assert lines() == [("sign_in.failed", "not signed in", str(person.pk)), ("sign_in.failed", "not signed in", "")]
    assert not any("typed" in str(line.__dict__) or "wrong" in str(line.__dict__) for line in AuditEntry.objects.all())


def test_a_known_and_an_unknown_email_are_answered_alike(client, person):
    known = sign_in(client, person, "wrong password")
    unknown = client.post(LOGIN, {"login": "nobody@north.example", "password": "wrong password"})
    assert known.status_code == unknown.status_code
    assert known.context["form"].errors == unknown.context["form"].errors


def test_after_five_wrong_passwords_even_the_right_one_waits(client, person, two_hospitals):
    assert [sign_in(client, person, "wrong password").status_code for _ in range(6)] == [200] * 5 + [429]
    locked = sign_in(client, person)
    assert locked.status_code == 429
    assert int(locked["Retry-After"]) > 0
    assert "_auth_user_id" not in client.session
    assert AuditEntry.objects.filter(action="sign_in.throttled", object_id=str(person.pk)).count() == 2
    assert sign_in(client, two_hospitals.south.radiologist, REMOTE_ADDR="192.0.2.8").status_code == 302


def test_one_address_cannot_try_many_people(client, db):
    codes = [client.post(LOGIN, {"login": f"p{n}@x.example", "password": "guess"}).status_code for n in range(12)]
    assert codes == [200] * 10 + [429] * 2


def test_right_passwords_do_not_use_up_the_tries(client, person):
    for _ in range(7):
        assert sign_in(client, person).status_code == 302
        client.post(reverse("account_logout"))


def test_the_limit_is_counted_where_every_process_sees_it(settings):
    assert settings.CACHES["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_signs_up_alone(client, db, method):
    data = {"email": "me@x.example", "password1": "a long enough password", "password2": "a long enough password"}
    page = getattr(client, method)("/accounts/signup/", data)
    assert "The admin of your hospital adds you" in page.content.decode()
    assert not User.objects.exists()


def test_asking_for_a_new_password_reveals_nobody(client, person):
    url = reverse("account_reset_password")
    known = client.post(url, {"email": person.email})
    unknown = client.post(url, {"email": "nobody@x.example"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [message.to for message in mail.outbox] == [[person.email], ["nobody@x.example"]]
    assert "password/reset/key" in mail.outbox[0].body
    assert "sign up" not in mail.outbox[1].body


def test_the_session_id_changes_at_sign_in(client, person):
    client.get(LOGIN)
    client.session["before"] = True
    before = client.session.session_key
    sign_in(client, person)
    assert client.session.session_key != before


def test_a_closed_sign_in_cannot_sign_in_and_loses_its_session_at_the_next_request(client, person):
    sign_in(client, person)
    assert client.get(reverse("account_email")).status_code == 200
    person.is_active = False
    person.save()
    assert client.get(reverse("account_email")).url.startswith(LOGIN)
    assert sign_in(client, person).url == reverse("account_inactive")


def test_a_deactivated_person_loses_the_hospital_at_the_next_request(client, two_hospitals):
    north = two_hospitals.north
    second = two_hospitals.stranger
    members.add_person(
        north.hospital, email=second.email, name="x", roles=[Role.HOSPITAL_ADMIN], added_by=north.hospital_admin
    )
    sign_in(client, second)
    page = reverse("members", args=[north.hospital.pk])
    assert client.get(page).status_code == 200
    members.deactivate(north.hospital, second, deactivated_by=north.hospital_admin)
    assert client.get(page).status_code == 403


def test_a_role_taken_away_is_gone_at_the_next_request(client, two_hospitals):
    north, second = two_hospitals.north, two_hospitals.stranger
    members.add_person(
        north.hospital, email=second.email, name="x", roles=["hospital_admin"], added_by=north.hospital_admin
    )
    sign_in(client, second)
    members.set_roles(north.hospital, second, roles=["technician"], set_by=north.hospital_admin)
    assert client.get(reverse("members", args=[north.hospital.pk])).status_code == 403


@pytest.mark.parametrize(("password", "accepted"), [("elevenchars", False), ("password1234", False), ("x7" * 32, True)])
def test_passwords_are_long_and_not_common_and_64_characters_are_fine(client, person, password, accepted):
    sign_in(client, person)
    data = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    client.post(reverse("account_change_password"), data)
    person.refresh_from_db()
    assert person.check_password(password) is accepted
    assert AuditEntry.objects.filter(action="person.password_changed", actor=person).exists() is accepted


def test_a_new_password_ends_the_other_sessions(client, person, django_user_model):
    other = type(client)()
    sign_in(client, person)
    sign_in(other, person)
    data = {"oldpassword": PASSWORD, "password1": "a long enough password", "password2": "a long enough password"}
    client.post(reverse("account_change_password"), data)
    assert client.get(reverse("account_email")).status_code == 200
    assert other.get(reverse("account_email")).status_code == 302


def test_nobody_gives_themselves_another_address(client, person):
    sign_in(client, person)
    url = reverse("account_email")
    assert client.post(url, {"action_add": "", "email": "other@x.example"}).status_code == 405
    page = client.get(url).content.decode()
    assert person.email in page
    assert "North Hospital" in page
