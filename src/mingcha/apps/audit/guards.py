"""Guards in the database itself: rows of the audit are added, never changed or deleted.

They stop mistakes and plain SQL; who may alter the schema can lift them, and then the chain of hashes
tells (``selectors.verify_chain``). A test that flushes the whole database lifts them first.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "audit_auditevent"
MESSAGE = "rows of the audit are never changed or deleted"

_RAISE = f"""
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$ LANGUAGE plpgsql"""
_PER_ROW = "FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
_PER_STATEMENT = "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"

ADD = {
    "sqlite": [
        f"CREATE TRIGGER IF NOT EXISTS audit_no_{verb.lower()} BEFORE {verb} ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        _RAISE,
        f"CREATE OR REPLACE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON {TABLE} {_PER_ROW}",
        f"CREATE OR REPLACE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE} {_PER_STATEMENT}",
    ],
}
LIFT = {
    "sqlite": ["DROP TRIGGER IF EXISTS audit_no_update", "DROP TRIGGER IF EXISTS audit_no_delete"],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS audit_no_change ON {TABLE}",
        f"DROP TRIGGER IF EXISTS audit_no_truncate ON {TABLE}",
    ],
}


def add(connection: BaseDatabaseWrapper) -> None:
    """Put the guards up; again is harmless."""
    _run(connection, ADD)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Take the guards away: for migrations and for tests that empty the database."""
    _run(connection, LIFT)


def _run(connection: BaseDatabaseWrapper, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
