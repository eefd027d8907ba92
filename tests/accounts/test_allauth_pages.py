"""Every page of allauth that can be opened wears the portal's look."""

import pytest
from allauth.mfa.models import Authenticator
from django.urls import get_resolver, reverse

from tests.factories import PASSWORD

FOR_ANYONE = [
    "account_login",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_email_verification_sent",
]
FOR_SIGNED_IN = [
    "account_email",  # ours in the place of allauth's
    "account_logout",
    "account_change_password",
    "account_reauthenticate",
    "mfa_index",
    "mfa_activate_totp",
    "usersessions_list",
]
WITH_SECOND_FACTOR = [
    "mfa_deactivate_totp",
    "mfa_generate_recovery_codes",
    "mfa_view_recovery_codes",
    "mfa_reauthenticate",
]
# Answer with a redirect or a file, or ask for a code that only a half-finished sign-in has.
WITHOUT_A_PAGE = [
    "account_set_password",
    "account_confirm_login_code",
    "mfa_authenticate",
    "mfa_download_recovery_codes",
]
WITH_ARGUMENTS = ["account_confirm_email", "account_reset_password_from_key"]


def assert_wears_the_portal(response):
    assert response.status_code == 200
    assert "base.html" in [template.name for template in response.templates]
    page = response.content.decode()
    assert "Research use, not a medical device" in page
    assert "<h1" in page
    assert "style=" not in page  # the content security policy would drop it


def sign_in(client, person):
    """Sign in and type the password again, which the pages of the second factor ask for."""
    client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    response = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert response.status_code == 302


def allauth_names(patterns=None):
    patterns = get_resolver().url_patterns if patterns is None else patterns
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from allauth_names(pattern.url_patterns)
        elif pattern.callback.__module__.startswith("allauth."):
            yield pattern.name


def test_no_page_of_allauth_is_forgotten_here():
    listed = {*FOR_ANYONE, *FOR_SIGNED_IN, *WITH_SECOND_FACTOR, *WITHOUT_A_PAGE, *WITH_ARGUMENTS}
    assert set(allauth_names()) == listed  # allauth's own account_email is behind ours


@pytest.mark.parametrize("name", FOR_ANYONE)
def test_pages_for_anyone(client, db, name):
    assert_wears_the_portal(client.get(reverse(name)))


@pytest.mark.parametrize("name", FOR_SIGNED_IN)
def test_pages_for_the_signed_in(client, two_hospitals, name):
    person = two_hospitals.north.radiologist
    assert client.get(reverse(name)).status_code == 302
    sign_in(client, person)
    assert_wears_the_portal(client.get(reverse(name)))


@pytest.mark.parametrize("name", WITH_SECOND_FACTOR)
def test_pages_for_those_with_a_second_factor(client, two_hospitals, name):
    person = two_hospitals.north.radiologist
    sign_in(client, person)
    Authenticator.objects.create(user=person, type="totp", data={"secret": "GEZDGNBVGY3TQOJQ"})
    Authenticator.objects.create(user=person, type="recovery_codes", data={"seed": "a1" * 20, "used_mask": 0})
    assert_wears_the_portal(client.get(reverse(name)))


def test_the_second_factor_is_asked_for_in_the_portals_look(client, two_hospitals):
    person = two_hospitals.north.radiologist
    Authenticator.objects.create(user=person, type="totp", data={"secret": "GEZDGNBVGY3TQOJQ"})
    response = client.post(reverse("account_login"), {"login": person.email, "password": PASSWORD}, follow=True)
    assert response.request["PATH_INFO"] == reverse("mfa_authenticate")
    assert_wears_the_portal(response)


@pytest.mark.parametrize("link", ["/accounts/password/reset/key/abc-def/", "/accounts/confirm-email/abc/"])
def test_a_link_that_does_not_work_says_so(client, db, link):
    assert_wears_the_portal(client.get(link))


def test_too_many_tries_wear_it_too(client, db):
    for _ in range(11):
        response = client.post(reverse("account_login"), {"login": "a@b.example", "password": "x"})
    assert response.status_code == 429
    assert "base.html" in [template.name for template in response.templates]
