"""The pages that belong to no room: home, and what is said when something is not there, not allowed or broken."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse


def test_home_is_open_and_says_what_this_is_and_is_not(db):
    page = Client().get("/").content.decode()

    assert "What this is not" in page
    assert "Not a medical device." in page
    assert reverse("account_login") in page


@pytest.mark.parametrize(
    ("role", "rooms"),
    [
        ("radiologist", ["worklist", "models"]),
        ("technician", ["worklist", "upload"]),
        ("hospital_admin", ["members", "models"]),
        ("model_manager", ["models"]),
    ],
)
def test_a_person_is_shown_the_rooms_they_may_enter_and_no_other(two_hospitals, role, rooms):
    client = Client()
    client.force_login(getattr(two_hospitals.north, role))

    page = client.get("/").content.decode()

    assert [name for name in ("worklist", "upload", "members", "models") if f'href="{reverse(name)}"' in page] == rooms
    assert "North Hospital" in page
    assert "South Hospital" not in page
    assert f'<form action="{reverse("account_logout")}" method="post">' in page


def test_a_membership_that_ended_opens_no_room(two_hospitals):
    person = two_hospitals.north.radiologist
    person.memberships.update(is_active=False)
    client = Client()
    client.force_login(person)

    page = client.get("/").content.decode()

    assert "No room yet" in page
    assert "North Hospital" not in page


def test_what_is_not_there_is_said_in_the_desks_own_words(two_hospitals):
    client = Client()
    client.force_login(two_hospitals.north.technician)

    response = client.get("/nowhere/")

    assert response.status_code == 404
    assert "There is nothing at this address." in response.content.decode()


def test_a_form_without_its_token_changes_nothing_and_says_what_to_do(two_hospitals):
    client = Client(enforce_csrf_checks=True)
    client.force_login(two_hospitals.north.technician)

    response = client.post(reverse("upload"), {})

    assert response.status_code == 403
    assert "reload the page and send the form again" in response.content.decode()


def test_the_page_of_a_broken_server_asks_nothing_of_the_server(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        page = render_to_string("500.html")

    assert "Something failed here" in page
