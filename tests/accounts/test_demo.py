"""The demo people and the demo key."""

import stat

import pytest
from django.core.management import CommandError, call_command

from accounts import api_keys, demo
from accounts.demo import NORTH, SOUTH, NotForDeployments, ensure_demo_people
from accounts.models import AuditEntry, Hospital, Membership, User
from accounts.roles import KEY_SCOPES, Role


@pytest.fixture
def embedded(settings, tmp_path):
    settings.EMBEDDED = True
    settings.STATE_DIR = tmp_path
    settings.DEMO_PASSWORD = ""
    return tmp_path


def printed(capsys, *arguments):
    call_command("create_api_key", *arguments)
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_two_hospitals_with_one_person_per_role(embedded, db):
    made = ensure_demo_people()
    assert {hospital.slug for hospital in Hospital.objects.all()} == {NORTH, SOUTH}
    for slug in (NORTH, SOUTH):
        for role in Role.values:
            person = made.at(slug, role)
            assert person.email == demo.email_of(slug, role)
            assert person.check_password(made.password)
            assert list(person.memberships.values_list("hospital__slug", "role")) == [(slug, role)]
    assert demo.email_of(NORTH, Role.HOSPITAL_ADMIN) == "hospital-admin@north.example"


def test_a_second_call_changes_nothing(embedded, db):
    def everything():
        rows = [list(model.objects.order_by("pk").values_list()) for model in (Hospital, User, Membership, AuditEntry)]
        return rows, (embedded / "demo_password").read_text()

    first = ensure_demo_people()
    before = everything()
    assert ensure_demo_people() == first
    assert everything() == before


def test_the_password_is_random_and_only_its_owner_reads_it(embedded, db):
    first = demo.demo_password()
    assert stat.S_IMODE((embedded / "demo_password").stat().st_mode) == 0o600
    (embedded / "demo_password").unlink()
    assert demo.demo_password() != first
    assert len(first) >= 16


def test_a_stated_password_is_used_and_a_changed_one_is_put_back(embedded, db, settings):
    settings.DEMO_PASSWORD = "stated for the demo"
    person = ensure_demo_people().at(NORTH, Role.TECHNICIAN)
    person.set_password("changed by a visitor")
    person.save()
    assert ensure_demo_people().at(NORTH, Role.TECHNICIAN).check_password("stated for the demo")
    assert not (embedded / "demo_password").exists()


def test_a_deployment_gets_no_demo_people_unless_it_asks(embedded, db, settings):
    settings.EMBEDDED = False
    with pytest.raises(NotForDeployments):
        ensure_demo_people()
    assert not User.objects.exists()
    assert ensure_demo_people(outside_embedded_mode=True).people


def test_the_demo_key_is_printed_alone_and_has_every_scope(embedded, db, capsys):
    ensure_demo_people()
    output = printed(capsys, "--demo")
    assert output == output.strip() + "\n"
    key = api_keys.find(output.strip())
    assert key.user.email == "integrator@north.example"
    assert key.hospital.slug == NORTH
    assert set(key.scopes) == KEY_SCOPES
    assert printed(capsys, "--demo") != output
    assert api_keys.find(output.strip()) is not None


def test_without_the_demo_its_key_is_refused_with_the_remedy(db, capsys):
    with pytest.raises(CommandError, match="create_demo"):
        call_command("create_api_key", "--demo")
    assert capsys.readouterr().out == ""


def test_a_key_for_a_stated_person(two_hospitals, capsys):
    arguments = ["--hospital", "south", "--user", "Integrator@south.example", "--name", "PACS", "--days", "7"]
    key = api_keys.find(printed(capsys, *arguments, "--scopes", "view_scans", "submit_scans").strip())
    assert (key.user, key.name, key.scopes) == (two_hospitals.south.integrator, "PACS", ["submit_scans", "view_scans"])
    assert AuditEntry.objects.get(action="api_key.issued").actor_label == "system"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--hospital, --user, --name"),
        (["--hospital", "south", "--user", "x@y.example", "--name", "n", "--scopes", "view_scans"], "x@y.example"),
        (["--hospital", "no", "--user", "integrator@south.example", "--name", "n", "--scopes", "view_scans"], "no and"),
        (
            ["--hospital", "north", "--user", "integrator@south.example", "--name", "n", "--scopes", "view_scans"],
            "nobody",
        ),
        (["--hospital", "south", "--user", "integrator@south.example", "--name", "n", "--scopes", "fly"], "fly"),
        (
            [
                "--hospital",
                "south",
                "--user",
                "integrator@south.example",
                "--name",
                "n",
                "--scopes",
                "view_scans",
                "--days",
                "0",
            ],
            "--days",
        ),
    ],
)
def test_a_key_that_cannot_be_is_refused_and_nothing_is_printed(two_hospitals, capsys, arguments, says):
    with pytest.raises(CommandError, match=says):
        call_command("create_api_key", *arguments)
    assert capsys.readouterr().out == ""
