"""Deadlines: kinds, terms, calendar, and the life of a duty (workflows WF-1, WF-16)."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.people import People

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.selectors import timeline, verify_chain
from mingcha.apps.duties.models import CANCELLED, LATE, MET, MET_LATE, RUNNING, WAIVED, Duty
from mingcha.apps.duties.selectors import duty_by_id
from mingcha.apps.duties.services import (
    duties_expire,
    duty_cancel,
    duty_meet,
    duty_open,
    duty_reanchor,
    duty_waive,
)
from mingcha.apps.duties.values import HERE, calendar, kinds, parse_term, read_calendar, read_kinds
from mingcha.core.clock import BEIJING
from mingcha.core.errors import BadInput, BadRule, IllegalMove, MingchaError, NotAllowed, NotFound, StaleState

MIDNIGHT = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)  # 24:00 Beijing of the Monday of `at`
SECOND = timedelta(seconds=1)


@pytest.fixture
def duty(folk: People, at: datetime) -> Duty:
    return opened(folk, at)


def opened(folk: People, at: datetime, subject: str = "7", kind: str = "visit_confirmation") -> Duty:
    return duty_open(
        kind=kind, organisation=folk.discharger, subject_kind="visit", subject_id=subject, anchor_at=at,
        title_zh="确认", at=at,
    )  # fmt: skip


def about(subject: str = "7") -> dict[str, str]:
    return {"kind": "visit_confirmation", "subject_kind": "visit", "subject_id": subject}


def test_the_same_day_ends_at_midnight_in_beijing(duty: Duty) -> None:
    assert duty.due_at == MIDNIGHT
    assert duty.counted_days == ["2026-03-02"]
    assert (duty.clause, duty.sureness, duty.state) == ("SH-9.2", "official", RUNNING)


def test_opened_twice_it_is_one_duty_and_nothing_moves(folk: People, duty: Duty, at: datetime) -> None:
    again = opened(folk, at + timedelta(days=3))
    assert (again.pk, again.due_at) == (duty.pk, duty.due_at)
    assert timeline("duty", duty.pk).count() == 1


@pytest.mark.parametrize(("past", "state"), [(-SECOND, MET), (timedelta(0), MET), (SECOND, MET_LATE)])
def test_midnight_itself_is_in_time_the_second_after_is_late(duty: Duty, past: timedelta, state: str) -> None:
    met = duty_meet(**about(), at=MIDNIGHT + past)
    assert (met.state, met.met_at) == (state, MIDNIGHT + past)


def test_a_duty_met_late_before_a_worker_saw_it_was_late_first(duty: Duty) -> None:
    duty_meet(**about(), at=MIDNIGHT + SECOND)
    assert [event.action for event in timeline("duty", duty.pk)] == [
        "duty.opened",
        "duty.late",
        "duty.met_late",
    ]


def test_met_once_it_stays_met_at_that_moment(duty: Duty, at: datetime) -> None:
    duty_meet(**about(), at=at)
    assert duty_meet(**about(), at=MIDNIGHT + timedelta(days=9)).met_at == at
    assert timeline("duty", duty.pk).count() == 2


def test_expiry_makes_late_what_is_over_and_nothing_else(folk: People, duty: Duty, at: datetime) -> None:
    later = opened(folk, at + timedelta(days=1), "8")
    done = opened(folk, at, "9")
    duty_meet(**about("9"), at=at)
    assert duties_expire(at=MIDNIGHT) == []
    assert duties_expire(at=MIDNIGHT + SECOND) == [duty]
    assert duties_expire(at=MIDNIGHT + SECOND) == []
    assert [duty_by_id(d.pk).state for d in (duty, later, done)] == [LATE, RUNNING, MET]


def test_a_new_anchor_keeps_the_old_due_time_in_the_audit(duty: Duty, at: datetime) -> None:
    moved = duty_reanchor(**about(), anchor_at=at + timedelta(days=1), at=at)
    assert moved.due_at == MIDNIGHT + timedelta(days=1)
    assert moved.counted_days == ["2026-03-03"]
    detail = timeline("duty", duty.pk).last().detail
    assert datetime.fromisoformat(detail["due_at"]["before"]) == MIDNIGHT
    assert datetime.fromisoformat(detail["due_at"]["after"]) == moved.due_at


def test_a_new_anchor_leaves_a_duty_that_is_over(duty: Duty, at: datetime) -> None:
    duties_expire(at=MIDNIGHT + SECOND)
    kept = duty_reanchor(**about(), anchor_at=at + timedelta(days=5), at=MIDNIGHT + SECOND)
    assert (kept.state, kept.due_at) == (LATE, MIDNIGHT)


def test_the_same_anchor_again_writes_nothing(duty: Duty, at: datetime) -> None:
    duty_reanchor(**about(), anchor_at=at, at=at)
    assert timeline("duty", duty.pk).count() == 1


def test_a_waiver_needs_the_role_and_a_reason(folk: People, duty: Duty, at: datetime) -> None:
    for name in ("discharger_admin", "technician", "auditor", "system_admin"):
        with pytest.raises(NotAllowed):
            duty_waive(duty=duty, by=folk[name], reason="台风停电", at=at)
    with pytest.raises(BadInput, match="reason"):
        duty_waive(duty=duty, by=folk["district_regulator"], reason="  ", at=at)
    waived = duty_waive(duty=duty, by=folk["district_regulator"], reason="台风停电", at=at)
    assert (waived.state, waived.reason, waived.decided_by) == (
        WAIVED,
        "台风停电",
        folk["district_regulator"],
    )
    with pytest.raises(IllegalMove):
        duty_meet(**about(), at=at)


def test_who_moves_an_old_copy_is_told_and_nothing_is_written(folk: People, duty: Duty, at: datetime) -> None:
    stale = duty_by_id(duty.pk)
    duty_meet(**about(), at=at)
    before = AuditEvent.objects.count()
    with pytest.raises(StaleState):
        duty_cancel(duty=stale, reason="作废", at=at)
    assert duty_by_id(duty.pk).state == MET
    assert AuditEvent.objects.count() == before


def test_unknown_kinds_subjects_and_owners_are_refused(folk: People, at: datetime) -> None:
    with pytest.raises(NotFound, match="visit_confirmation"):
        opened(folk, at, kind="moon_duty")
    with pytest.raises(NotFound):
        duty_meet(**about("none"), at=at)
    with pytest.raises(NotFound):
        duty_by_id(10**6)
    with pytest.raises(BadInput, match="owed by a discharger"):
        duty_open(
            kind="visit_confirmation", organisation=folk.agency, subject_kind="visit", subject_id="1",
            anchor_at=at, title_zh="确认", at=at,
        )  # fmt: skip


MOVES = {"meet": {RUNNING, LATE}, "expire": {RUNNING}, "waive": {RUNNING, LATE}, "cancel": {RUNNING}}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(moves=st.lists(st.tuples(st.sampled_from(sorted(MOVES)), st.booleans()), max_size=5))
def test_a_duty_only_ever_takes_the_moves_of_its_table(
    folk: People, at: datetime, moves: list[tuple[str, bool]]
) -> None:
    duty = opened(folk, at, f"p{Duty.objects.count()}")
    state = RUNNING
    for move, over in moves:
        moment = MIDNIGHT + SECOND if over else at
        expected = model(state, move, over=over)
        try:
            act(folk, duty_by_id(duty.pk), move, moment)
        except MingchaError:
            assert expected is None
        else:
            assert expected is not None
            state = expected
        assert duty_by_id(duty.pk).state == state
    assert verify_chain() == []


def model(state: str, move: str, *, over: bool) -> str | None:
    """What becomes of a duty, in plain words; None where it is refused."""
    if move == "meet":
        late = state == LATE or (state == RUNNING and over)
        return {RUNNING: MET_LATE if late else MET, LATE: MET_LATE, MET: MET, MET_LATE: MET_LATE}.get(state)
    if move == "expire":
        return LATE if state == RUNNING and over else state
    if state in MOVES[move]:
        return {"waive": WAIVED, "cancel": CANCELLED}[move]
    return None


def act(folk: People, duty: Duty, move: str, at: datetime) -> None:
    if move == "meet":
        duty_meet(**about(duty.subject_id), at=at)
    elif move == "expire":
        duties_expire(at=at)
    elif move == "waive":
        duty_waive(duty=duty, by=folk["city_regulator"], reason="免", at=at)
    else:
        duty_cancel(duty=duty, reason="消", at=at)


# --- terms, kinds and the calendar as data ------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "event", "due"),
    [
        ("same day", "2026-03-02T00:00:00", "2026-03-03T00:00:00"),
        ("same day", "2026-03-02T23:59:59", "2026-03-03T00:00:00"),
        ("12 hours", "2026-02-14T20:00:00", "2026-02-15T08:00:00"),
        ("5 working days", "2026-03-02T09:00:00", "2026-03-10T00:00:00"),
        ("5 working days", "2026-03-07T09:00:00", "2026-03-14T00:00:00"),  # a Saturday: Monday is day 1
        ("1 working day", "2026-02-13T17:00:00", "2026-02-15T00:00:00"),  # Saturday the 14th is made up
        ("5 working days", "2026-02-12T10:00:00", "2026-02-27T00:00:00"),  # the Spring Festival lies between
        ("2 working days", "2026-09-30T10:00:00", "2026-10-10T00:00:00"),  # 8 and 9 October
    ],
)
def test_terms_end_where_the_calendar_says(term: str, event: str, due: str) -> None:
    anchor = datetime.fromisoformat(event).replace(tzinfo=BEIJING)
    assert parse_term(term).due(anchor, calendar()).at == datetime.fromisoformat(due).replace(tzinfo=BEIJING)


def test_a_term_that_reaches_a_year_not_published_is_provisional() -> None:
    anchor = datetime(2026, 12, 30, 10, tzinfo=BEIJING)
    assert parse_term("5 working days").due(anchor, calendar()).provisional
    assert not parse_term("1 working day").due(anchor, calendar()).provisional


@pytest.mark.parametrize(
    "text", ["", "5", "0 hours", "-1 hours", "five days", "5 days", "same  day", "12 hours later"]
)
def test_a_term_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_term(text)


def test_the_kinds_say_where_they_come_from() -> None:
    assert kinds()["visit_confirmation"].id == "D05"
    assert {kind.term.unit for kind in kinds().values()} == {"same day", "hours", "working days"}
    assert all(kind.cite for kind in kinds().values())
    assert len({kind.id for kind in kinds().values()}) == len(kinds())


def test_the_calendar_counts_holidays_and_make_up_days() -> None:
    year = calendar()
    assert not year.is_working(date(2026, 2, 16))
    assert year.is_working(date(2026, 2, 14))  # a Saturday
    assert not year.is_working(date(2026, 3, 7))
    working = [
        sum(year.is_working(date(y, 1, 1) + timedelta(days=d)) for d in range(365)) for y in (2025, 2026)
    ]
    assert working == [248, 248]


BROKEN_KINDS = {
    "term": ("5 moons", "term"),
    "sureness": ("certain", "certain"),
    "who": ("neighbour", "who"),
    "id": (None, ""),
}


@pytest.mark.parametrize("key", ["term", "sureness", "who"])
def test_a_broken_kind_names_file_key_and_remedy(tmp_path: Path, key: str) -> None:
    found = yaml.safe_load((HERE / "kinds.yaml").read_text(encoding="utf-8"))
    found["fault_report"][key] = BROKEN_KINDS[key][0]
    path = tmp_path / "kinds.yaml"
    path.write_text(yaml.safe_dump(found, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadRule, match=rf"kinds.yaml: fault_report.*{BROKEN_KINDS[key][1]}"):
        read_kinds(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: {id: D1}", "missing: anchor"),
        ("a: 5", "missing"),
        ("- a", "mapping"),
        ("a: [", "no YAML"),
    ],
)
def test_a_file_of_kinds_of_another_shape_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "kinds.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadRule, match=says):
        read_kinds(path)


@pytest.mark.parametrize(
    ("holidays", "workdays", "says"),
    [
        ("[[2026-01-03, 2026-01-01]]", "[]", "ends before it starts"),
        ("[[2025-01-01, 2025-01-01]]", "[]", "2025-01-01"),
        ("[[2026-01-01, 2026-01-03]]", "[2026-01-02]", "both holiday and workday"),
        ("[]", "[monday]", "monday"),
    ],
)
def test_a_broken_calendar_names_the_day(tmp_path: Path, holidays: str, workdays: str, says: str) -> None:
    path = tmp_path / "calendar.yaml"
    path.write_text(
        f"version: '1'\nyears: {{2026: {{holidays: {{甲: {holidays}}}, workdays: {{甲: {workdays}}}}}}}",
        encoding="utf-8",
    )
    with pytest.raises(BadRule, match=says):
        read_calendar(path)
