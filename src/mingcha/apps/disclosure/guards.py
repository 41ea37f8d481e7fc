"""A guard in the database itself: what was published is added to, never changed.

It stops mistakes and plain SQL. Who may alter the schema can lift it; then the chain of digests tells.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "disclosure_snapshot"
MESSAGE = "what was published is never changed"

_SQLITE = f"""
CREATE TRIGGER IF NOT EXISTS snapshot_no_update BEFORE UPDATE ON {TABLE}
BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"""
_REFUSE = f"""
CREATE OR REPLACE FUNCTION snapshot_refuse() RETURNS trigger AS $$
BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$ LANGUAGE plpgsql"""
_POSTGRESQL = f"""
CREATE OR REPLACE TRIGGER snapshot_no_update BEFORE UPDATE ON {TABLE}
FOR EACH ROW EXECUTE FUNCTION snapshot_refuse()"""

ADD = {"sqlite": [_SQLITE], "postgresql": [_REFUSE, _POSTGRESQL]}
LIFT = {
    "sqlite": ["DROP TRIGGER IF EXISTS snapshot_no_update"],
    "postgresql": [f"DROP TRIGGER IF EXISTS snapshot_no_update ON {TABLE}"],
}


def add(connection: BaseDatabaseWrapper) -> None:
    """Put the guard up; again is harmless."""
    _run(connection, ADD)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Take the guard away: for migrations."""
    _run(connection, LIFT)


def _run(connection: BaseDatabaseWrapper, statements: dict[str, list[str]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
