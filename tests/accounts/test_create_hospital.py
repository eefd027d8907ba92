"""The operator makes a hospital and its first admin; the admin makes everybody else."""

import io
import re

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry, Hospital, User
from accounts.roles import Ability
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "a sentence that nobody has used before"


def _create(name="West Hospital", slug="west", admin="Admin@West.example", admin_name="West Admin"):
    said = io.StringIO()
    call_command("create_hospital", name, slug, admin=admin, admin_name=admin_name, stdout=said)
    return said.getvalue()


def test_the_admin_chooses_a_password_by_the_link_and_signs_in(client):
    said = _create()
    path = re.search(r"https?://[^/]+(/\S+)", said)[1]
    page = client.get(path, follow=True)
    answer = client.post(page.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302
    signed_in = client.post("/accounts/login/", {"login": "admin@west.example", "password": PASSWORD})
    assert signed_in.status_code == 302
    assert client.get("/members/", follow=True).status_code == 200


def test_the_admin_manages_members_here_and_opens_no_record():
    _create()
    admin, hospital = User.objects.get(), Hospital.objects.get()
    assert admin.can(Ability.MANAGE_MEMBERS, hospital)
    assert not admin.can(Ability.VIEW_SCANS, hospital)


def test_it_stands_in_the_trail_as_the_systems_act():
    _create()
    lines = AuditEntry.objects.order_by("id").values_list("action", "actor_label")
    assert list(lines) == [
        (action, "system") for action in ("hospital.created", "member.added", "member.password_link_made")
    ]


def test_a_person_of_another_hospital_keeps_their_password():
    known = UserFactory(email="admin@west.example")
    MembershipFactory(user=known)
    known.last_login = known.created_at
    known.save()
    assert "signs in as before" in _create()
    assert User.objects.count() == 1


@pytest.mark.parametrize("wrong", [{"slug": "two words"}, {"admin": "nobody"}])
def test_a_wrong_word_makes_nothing(wrong):
    with pytest.raises(CommandError, match="Expected"):
        _create(**wrong)
    assert Hospital.objects.count() == 0


@pytest.mark.parametrize("same", [{"name": "Another"}, {"slug": "another"}], ids=["slug", "name"])
def test_a_name_or_slug_that_is_taken_is_refused(same):
    _create()
    with pytest.raises(CommandError, match="free"):
        _create(**same)
    assert (Hospital.objects.count(), User.objects.count()) == (1, 1)
