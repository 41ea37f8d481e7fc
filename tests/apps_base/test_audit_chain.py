"""The audit: rows are added in one chain, and whoever changes one is found out."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from mingcha.apps.audit import guards
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.outbox import hand_on
from mingcha.apps.audit.selectors import events_after, head, timeline, verify_chain
from mingcha.apps.audit.services import audit_record
from mingcha.apps.audit.values import Head, plain
from mingcha.core.errors import LocalError

AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
COLUMNS = {
    "at": "2026-03-02 02:00:01",
    "action": "case.opened",
    "subject_kind": "visit",
    "subject_id": "999",
    "detail": '{"n": 999}',
    "previous": "0" * 64,
    "hash": "0" * 64,
}


@pytest.fixture
def rows(db: None) -> list[AuditEvent]:
    return [
        audit_record(
            by=None, action="case.closed", subject=("case", n), at=AT + timedelta(seconds=n), detail={"n": n}
        )
        for n in range(5)
    ]


def sql(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_an_untouched_chain_has_no_problem(rows: list[AuditEvent]) -> None:
    assert verify_chain() == []
    assert head() == Head(rows[-1].pk, rows[-1].hash)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_is_found_at_its_row(rows: list[AuditEvent], column: str) -> None:
    guards.lift(connection)
    sql(f"UPDATE audit_auditevent SET {column} = %s WHERE id = %s", COLUMNS[column], rows[2].pk)
    assert rows[2].pk in {problem.id for problem in verify_chain()}


def test_a_row_taken_out_of_the_middle_is_found_at_the_next(rows: list[AuditEvent]) -> None:
    guards.lift(connection)
    sql("DELETE FROM audit_auditevent WHERE id = %s", rows[2].pk)
    assert [problem.id for problem in verify_chain()] == [rows[3].pk]


def test_two_rows_that_changed_places_are_found(rows: list[AuditEvent]) -> None:
    guards.lift(connection)
    for before, after in ((rows[1].pk, -1), (rows[2].pk, rows[1].pk), (-1, rows[2].pk)):
        sql("UPDATE audit_auditevent SET id = %s WHERE id = %s", after, before)
    assert verify_chain() != []


def test_a_cut_end_is_found_by_a_head_that_was_noted(rows: list[AuditEvent]) -> None:
    noted = head()
    guards.lift(connection)
    sql("DELETE FROM audit_auditevent WHERE id = %s", rows[-1].pk)
    assert verify_chain() == []
    assert [problem.id for problem in verify_chain(anchor=noted)] == [rows[-1].pk]


def test_an_older_head_still_proves_a_longer_chain(rows: list[AuditEvent]) -> None:
    noted = head()
    audit_record(by=None, action="case.reopened", subject=("case", 1), at=AT)
    assert verify_chain(anchor=noted) == []


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_auditevent SET action = 'x'", "DELETE FROM audit_auditevent"]
)
def test_the_database_itself_refuses(rows: list[AuditEvent], statement: str) -> None:
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        sql(statement)
    assert verify_chain() == []


def test_models_refuse_to_change_or_delete(rows: list[AuditEvent]) -> None:
    for act in (rows[0].save, rows[0].delete, AuditEvent.objects.all().delete):
        with pytest.raises(LocalError, match="never changed"):
            act()
    with pytest.raises(LocalError, match="never changed"):
        AuditEvent.objects.filter(pk=rows[0].pk).update(action="x")


def test_a_row_disappears_with_the_transaction_it_tells_about(rows: list[AuditEvent]) -> None:
    @transaction.atomic
    def fail_after_writing() -> None:
        audit_record(by=None, action="case.closed", subject=("case", 9), at=AT)
        raise LocalError("too late")

    with pytest.raises(LocalError, match="too late"):
        fail_after_writing()
    assert AuditEvent.objects.count() == len(rows)
    assert verify_chain() == []


def test_the_timeline_of_an_object_holds_its_own_rows_in_order(rows: list[AuditEvent]) -> None:
    again = audit_record(by=None, action="case.reopened", subject=("case", 3), at=AT)
    assert [event.pk for event in timeline("case", 3)] == [rows[3].pk, again.pk]
    assert [event.pk for event in events_after(rows[3].pk, 10)] == [rows[4].pk, again.pk]


def test_the_outbox_hands_each_event_on_once(rows: list[AuditEvent]) -> None:
    seen: list[int] = []
    assert hand_on("tester", lambda event: seen.append(event.pk)) == 5
    assert hand_on("tester", lambda event: seen.append(event.pk)) == 0
    assert seen == [row.pk for row in rows]


@pytest.mark.django_db
def test_values_of_our_world_go_in_and_come_back_equal() -> None:
    detail = {
        "limit": Decimal("35.0"),
        "at": AT,
        "share": 0.1,
        "whole": 2.0,
        "big": 1e22,
        "text": "超标",
        "none": None,
    }
    audit_record(by=None, action="limit.set", subject=("outlet", 1), at=AT, detail=detail)
    assert verify_chain() == []
    kept = AuditEvent.objects.get().detail
    assert (kept["limit"], kept["share"], kept["whole"]) == ("35.0", 0.1, 2)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON, max_size=4))
def test_what_is_kept_plain_stays_the_same_when_made_plain_again(detail: dict[str, object]) -> None:
    once = plain(detail)
    assert plain(once) == once


def test_an_unsaved_object_is_refused(db: None) -> None:
    with pytest.raises(ValueError, match="not saved"):
        audit_record(by=None, action="x.y", subject=AuditEvent(), at=AT)


TWO_WRITERS = """
import os
import django; django.setup()
from datetime import UTC, datetime
from django.core.management import call_command
from django.db import connections
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.selectors import verify_chain
from mingcha.apps.audit.services import audit_record

call_command("migrate", verbosity=0)
connections.close_all()
for writer in range(2):
    if os.fork() == 0:
        for n in range(40):
            audit_record(by=None, action="test.wrote", subject=("writer", n), at=datetime(2026, 3, 2, tzinfo=UTC))
        os._exit(0)
print(*(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2)))
print(AuditEvent.objects.filter(action="test.wrote").count(), len(verify_chain()))
"""


def test_two_processes_write_one_chain(tmp_path: Path) -> None:
    environment = {**os.environ, "MINGCHA_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", TWO_WRITERS],
        env=environment,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split() == ["0", "0", "80", "0"], done.stderr
