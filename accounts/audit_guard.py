"""The database itself refuses to change or remove a line of the audit trail."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

REFUSAL = "Expected an append to the audit trail; received a change or a removal. Write a new line instead."

INSTALL = {
    # TRUNCATE stays open: only the table's owner has it.
    "postgresql": [
        f"""
        CREATE OR REPLACE FUNCTION accounts_auditentry_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """,
        """
        CREATE OR REPLACE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
        FOR EACH ROW EXECUTE FUNCTION accounts_auditentry_refuse()
        """,
    ],
    # SQLite drops a table's triggers when a migration rebuilds the table: such a migration calls install() again.
    "sqlite": [
        f"""
        CREATE TRIGGER IF NOT EXISTS audit_no_update BEFORE UPDATE ON accounts_auditentry
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
        """,
        f"""
        CREATE TRIGGER IF NOT EXISTS audit_no_delete BEFORE DELETE ON accounts_auditentry
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END
        """,
    ],
}

REMOVE = {
    "postgresql": [
        "DROP TRIGGER IF EXISTS audit_append_only ON accounts_auditentry",
        "DROP FUNCTION IF EXISTS accounts_auditentry_refuse()",
    ],
    "sqlite": ["DROP TRIGGER IF EXISTS audit_no_update", "DROP TRIGGER IF EXISTS audit_no_delete"],
}


def install(connection: "BaseDatabaseWrapper") -> None:
    """Put the triggers in place; call it at the end of any migration that alters the table."""
    _run(connection, INSTALL)


def remove(connection: "BaseDatabaseWrapper") -> None:
    """Take the triggers away, to migrate back."""
    _run(connection, REMOVE)


def open_for_flush(connection: "BaseDatabaseWrapper") -> None:
    """Tests only: let Django empty the tables, which it does with DELETE on SQLite and TRUNCATE on PostgreSQL."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER IF EXISTS audit_no_delete")


def _run(connection: "BaseDatabaseWrapper", statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
