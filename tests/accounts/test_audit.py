"""The audit trail: appended to, never changed, and honest about who and from where."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from accounts import api_keys, audit, audit_guard
from accounts.models import AuditEntry
from accounts.roles import Ability


@pytest.fixture
def line(two_hospitals):
    return audit.record(
        "scan.viewed",
        hospital=two_hospitals.north.hospital,
        actor=two_hospitals.north.radiologist,
        detail={"door": "page"},
    )


@pytest.fixture
def guarded(db):
    """The triggers as a migration leaves them; the test run opens one of them to empty its tables."""
    audit_guard.install(connection)


def test_a_queryset_neither_updates_nor_deletes(line):
    with pytest.raises(TypeError, match="Expected an append"):
        AuditEntry.objects.update(action="scan.forgotten")
    with pytest.raises(TypeError, match="Expected an append"):
        AuditEntry.objects.all().delete()


@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_auditentry SET action = 'x'", "DELETE FROM accounts_auditentry"]
)
def test_the_database_itself_refuses(guarded, line, statement):
    with pytest.raises(DatabaseError, match="Expected an append"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get(pk=line.pk).action == "scan.viewed"


def test_a_loaded_line_can_be_neither_saved_nor_deleted(guarded, line):
    line.action = "scan.forgotten"
    with pytest.raises(DatabaseError, match="Expected an append"), transaction.atomic():
        line.save()
    with pytest.raises(DatabaseError, match="Expected an append"), transaction.atomic():
        line.delete()
    assert AuditEntry.objects.get(pk=line.pk).action == "scan.viewed"


def test_after_all_migrations_the_triggers_are_there(db):
    """SQLite forgets a table's triggers when a migration rebuilds it; such a migration has to install them again."""
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'accounts_auditentry'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgname = 'audit_append_only'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        names = {name for (name,) in cursor.fetchall()}
    # The delete trigger of SQLite is the one that the test run opened.
    assert names == {"sqlite": {"audit_no_update"}, "postgresql": {"audit_append_only"}}[connection.vendor]


def test_a_line_says_who_what_where_and_from_which_address(two_hospitals):
    north = two_hospitals.north
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    line = audit.record(
        "scan.viewed", hospital=north.hospital, actor=north.radiologist, subject=north.technician, request=request
    )
    line.refresh_from_db()
    assert (line.actor, line.actor_label) == (north.radiologist, "radiologist@north.example")
    assert (line.object_type, line.object_id) == ("user", str(north.technician.pk))
    assert (line.address, line.hospital) == ("192.0.2.7", north.hospital)


@pytest.mark.parametrize("address", ["", "unix:", "not an address"])
def test_a_request_without_an_address_is_still_recorded(db, address):
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    assert audit.record("sign_in.failed", hospital=None, request=request).address is None


def test_a_line_written_through_a_key_names_the_key(two_hospitals):
    north = two_hospitals.north
    key, _ = api_keys.issue(
        hospital=north.hospital, user=north.integrator, name="x", scopes=[Ability.VIEW_SCANS], issued_by=None
    )
    north.integrator.acting_key = key
    line = audit.record("scan.viewed", hospital=north.hospital, actor=north.integrator)
    assert line.actor_label == f"integrator@north.example (key {key.prefix})"


def test_the_system_and_somebody_not_signed_in_are_told_apart(db):
    assert audit.record("job.failed", hospital=None).actor_label == "system"
    request = RequestFactory().post("/")
    assert audit.record("sign_in.failed", hospital=None, request=request).actor_label == "not signed in"
