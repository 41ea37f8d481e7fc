"""Quarterly confirmation of hour codes (R-75-12.1.3): due, confirmed, locked, reopened, changed afterwards."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work_world import CITY, EVERYBODY, NEAR, OWN, SERVING, World

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.services import audit_record
from mingcha.apps.duties.models import Duty
from mingcha.apps.duties.services import duties_expire
from mingcha.apps.marking import lock
from mingcha.apps.marking.codes import HOUR, differences, figures_of, quarter_span
from mingcha.apps.marking.models import CodeConfirmation
from mingcha.apps.marking.selectors import confirmation_get, confirmations_visible_to, is_late, is_locked
from mingcha.apps.marking.services import (
    codes_confirm,
    codes_open,
    codes_open_due,
    codes_reopen,
    mark_decide,
    mark_submit,
    mark_withdraw,
)
from mingcha.apps.registry.services import datalogger_install
from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.causes import Cause
from mingcha.core.clock import beijing, beijing_day, day_start
from mingcha.core.errors import BadInput, IllegalMove, NotAllowed, NotFound, StaleState
from mingcha.core.workdays import Calendar, due_working_days

Q3 = quarter_span(2026, 3)
IN_TIME = Q3.end + timedelta(days=1)
DUE = lock.due_at(2026, 3)
AFTER = DUE + timedelta(hours=1)


def hours(codes: str = "N" * 2118 + "D" * 90, factor: str = "a21026") -> list[HourValue]:
    """One hour a letter from the start of the quarter; "." is an hour without a value."""
    return [
        HourValue("x", factor, Q3.start + place * HOUR, HourCode(code), 60, 1.0)
        for place, code in enumerate(codes)
        if code != "."
    ]


def opened(world: World, at: datetime = IN_TIME, **changes) -> CodeConfirmation:
    return codes_open(**({"outlet": world.gas, "year": 2026, "quarter": 3, "at": at} | changes))


def confirmed(world: World, at: datetime = IN_TIME, codes: str = "N" * 2208, **changes) -> CodeConfirmation:
    figures = figures_of(hours(codes), 2026, 3)
    how = {
        "confirmation": opened(world, at), "figures": figures, "seen": figures["digest"], "at": at,
        "by": world.person("discharger_officer"),
    }  # fmt: skip
    return codes_confirm(**how | changes)


def reopened(world: World, at: datetime = AFTER) -> CodeConfirmation:
    return codes_reopen(
        confirmation=confirmation_get(world.person("near_district_regulator"), *key(world)),
        why="补传了八月数据", by=world.person("near_district_regulator"), at=at,
    )  # fmt: skip


def key(world: World) -> tuple[str, str, int, int]:
    return (world.gas.discharger.uscc, world.gas.code, 2026, 3)


def mark(world: World, at: datetime, **changes):
    how = {
        "outlet": world.gas, "start": Q3.end - 5 * HOUR, "end": Q3.end - 4 * HOUR, "item": "fault", "reason": "故障",
        "by": world.person("discharger_officer"), "at": at,
    }  # fmt: skip
    return mark_submit(**how | changes)


# Figures


def test_the_example_of_the_capture_rate():
    """R-75-12.2: 2208 hours, 90 of them invalid while the source ran, 300 stopped."""
    figures = figures_of(hours("F" * 300 + "D" * 90 + "N" * 1818), 2026, 3)
    assert figures["hours"] == 2208
    assert figures["factors"]["a21026"] == {
        "counts": {"N": 1818, "F": 300, "D": 90},
        "capture": "95.28",  # (2208 - 90 - 300) / (2208 - 300)
        "codes": "F300 D90 N1818",
    }


def test_a_factor_that_never_came_is_shown_and_hours_that_were_not_due_leave_the_rate():
    off = [
        HourValue(
            "x", "a21002", Q3.start + n * HOUR, HourCode.NO_DATA, 0, None, due=False, cause=Cause.OFF_SCHEDULE
        )
        for n in range(1104)
    ]
    on = [HourValue("x", "a21002", Q3.start + n * HOUR, HourCode.NORMAL, 60, 1.0) for n in range(1104, 2208)]
    found = figures_of([*off, *on], 2026, 3, factors=["a34013"])["factors"]
    assert found["a34013"] == {"counts": {"-": 2208}, "capture": "0.00", "codes": "-2208"}
    assert found["a21002"]["capture"] == "100.00"


def test_hours_of_other_quarters_are_left_out():
    strange = HourValue("x", "a21026", Q3.end, HourCode.FAULT, 0, None)
    before = HourValue("x", "a21026", Q3.start - HOUR, HourCode.FAULT, 0, None)
    assert figures_of([before, *hours(), strange], 2026, 3) == figures_of(hours(), 2026, 3)


@given(st.text("NFDCM.", max_size=60), st.text("NFDCM.", max_size=60))
def test_differences_are_what_two_lists_of_hours_differ_in(before, after):
    pad = "." * 60
    found = differences(figures_of(hours(before), 2026, 3), figures_of(hours(after), 2026, 3), Q3.start)
    said = {}
    for one in found:
        assert one.before != one.after
        moment = one.start
        while moment < one.end:
            said[moment] = (one.before, one.after)
            moment += HOUR
    plain = {
        Q3.start + n * HOUR: (was.replace(".", "-"), now.replace(".", "-"))
        for n, (was, now) in enumerate(zip((before + pad)[:60], (after + pad)[:60], strict=True))
        if was != now
    }
    assert said == plain


@pytest.mark.parametrize(
    ("year", "quarter", "length"),
    [(2024, 1, 2184), (2025, 1, 2160), (2026, 2, 2184), (2026, 3, 2208), (2026, 4, 2208)],
)
def test_a_quarter_is_cut_by_beijing_days(year, quarter, length):
    span = quarter_span(year, quarter)
    assert span.length == length * HOUR
    assert beijing(span.start).hour == 0


# Terms and lock


def test_the_term_is_the_fifth_working_day_of_the_next_quarter():
    """1 to 7 October 2026 are a holiday where the calendar says so; a plain calendar counts from the first weekday."""
    plain = Calendar("none", frozenset({2026}))
    assert due_working_days(lock.anchor_of(2026, 2), 5, plain).at == day_start(date(2026, 7, 8))
    assert lock.due_at(2026, 3) > Q3.end + timedelta(days=5)
    assert beijing(DUE).hour == 0


def test_marks_are_taken_until_the_term_and_refused_afterwards_with_the_reason(world):
    mark(world, DUE)
    with pytest.raises(BadInput, match="第 3 季度的状态码已于") as caught:
        mark(world, DUE + timedelta(seconds=1), start=Q3.start, end=Q3.start + HOUR)
    assert set(caught.value.problems) == {"start"}


def test_a_confirmation_locks_at_once(world):
    kept = mark(world, IN_TIME)
    confirmed(world)
    for act in (
        lambda: mark(world, IN_TIME, start=Q3.start, end=Q3.start + HOUR),
        lambda: mark_withdraw(mark=kept, by=world.person("discharger_officer"), at=IN_TIME),
        lambda: mark_decide(
            mark=kept, decision="accept", by=world.person("near_district_regulator"), at=IN_TIME
        ),
    ):
        with pytest.raises(BadInput, match="锁定"):
            act()
    mark(world, IN_TIME, start=Q3.end, end=Q3.end + HOUR)  # the running quarter is open
    with pytest.raises(BadInput, match="锁定"):  # a span that only reaches into the locked one
        mark(world, IN_TIME, start=Q3.end - HOUR, end=Q3.end + HOUR, factor="a21002")


def test_water_has_no_codes_of_hj_75_to_lock(world):
    mark(world, AFTER + timedelta(days=20), outlet=world.water)
    with pytest.raises(BadInput):
        codes_open(outlet=world.water, year=2026, quarter=3, at=AFTER)


def test_a_reopened_quarter_takes_marks_until_it_is_confirmed_again(world):
    confirmed(world)
    reopened(world)
    mark(world, AFTER + HOUR)
    row = confirmed(world, AFTER + 2 * HOUR, codes="N" * 2207 + "D")
    assert is_locked(row, AFTER + 2 * HOUR)
    assert [one["figures"]["factors"]["a21026"]["counts"] for one in row.earlier] == [{"N": 2208}]
    assert row.earlier[0]["why"] == "补传了八月数据"
    assert not is_late(row, AFTER + 2 * HOUR)  # its first confirmation was in time
    with pytest.raises(BadInput, match="锁定"):
        mark(world, AFTER + 3 * HOUR, start=Q3.start, end=Q3.start + HOUR)


def test_a_quarter_nobody_confirmed_can_be_reopened_once_its_term_locked_it(world):
    row = opened(world)
    with pytest.raises(BadInput, match="尚未锁定"):
        reopened(world, at=DUE)
    assert not is_locked(row, DUE)
    assert is_locked(row, AFTER)
    assert reopened(world).state == "reopened"


# Who, what, when


def test_a_confirmation_says_who_when_and_what(world):
    row = confirmed(world, comment="已核对")
    assert (row.state, row.confirmed_by.username, row.confirmed_at) == (
        "confirmed",
        "discharger_officer",
        IN_TIME,
    )
    event = AuditEvent.objects.get(action="codes.confirmed")
    assert event.detail["captures"] == {"a21026": "100.00"}
    assert event.detail["digest"] == row.figures["digest"]
    assert (event.detail["late"], event.detail["comment"]) == (False, "已核对")


def test_codes_that_changed_since_they_were_shown_are_not_confirmed(world):
    figures = figures_of(hours(), 2026, 3)
    with pytest.raises(StaleState):
        confirmed(world, seen="0" * 64)
    assert figures["digest"] != "0" * 64
    assert CodeConfirmation.objects.get().state == "open"


def test_a_quarter_is_confirmed_once(world):
    row = confirmed(world)
    with pytest.raises(IllegalMove):
        confirmed(world)
    stale = CodeConfirmation.objects.get()
    reopened(world)
    with pytest.raises(StaleState):
        codes_reopen(confirmation=stale, why="再来", by=world.person("near_district_regulator"), at=AFTER)
    assert row.pk == stale.pk


def test_a_quarter_is_opened_after_it_ended_and_once(world):
    with pytest.raises(BadInput, match="尚未结束"):
        opened(world, at=Q3.end - HOUR)
    assert opened(world) == opened(world)
    for year, quarter in ((2018, 1), (2017, 4)):
        with pytest.raises(BadInput):  # before HJ 75-2017
            opened(world, year=year, quarter=quarter)


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_who_may_confirm_and_reopen(world, name):
    user = world.person(name)
    if name in ("discharger_admin", "discharger_officer"):
        assert confirmed(world, by=user).state == "confirmed"
    else:
        with pytest.raises(NotAllowed):
            confirmed(world, by=user)
    row = CodeConfirmation.objects.get() if CodeConfirmation.objects.exists() else opened(world)
    if name in ("near_district_regulator", "far_district_regulator", "city_city_regulator"):
        assert codes_reopen(confirmation=row, why="核查", by=user, at=AFTER).state == "reopened"
    else:
        with pytest.raises(NotAllowed):
            codes_reopen(confirmation=row, why="核查", by=user, at=AFTER)


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_who_sees_a_confirmation(world, name):
    row = opened(world)
    sees = name in OWN | SERVING | NEAR | CITY
    assert list(confirmations_visible_to(world.person(name))) == ([row] if sees else [])
    if sees:
        assert confirmation_get(world.person(name), *key(world)) == row
    else:
        with pytest.raises(NotFound):
            confirmation_get(world.person(name), *key(world))


@pytest.mark.parametrize(
    ("text", "act"), [("", "why"), (" ", "why"), ("长" * 501, "why"), ("长" * 501, "comment")]
)
def test_reasons_are_given_and_fit(world, text, act):
    if act == "comment":
        with pytest.raises(BadInput):
            confirmed(world, comment=text)
    else:
        row = confirmed(world)
        with pytest.raises(BadInput):
            codes_reopen(confirmation=row, why=text, by=world.person("near_district_regulator"), at=AFTER)


# The worker


def measure(world: World, registered: datetime) -> None:
    datalogger_install(
        outlet=world.gas, mn="0" * 24, st="31", edition="2017", installed_at=registered, at=registered
    )
    audit_record(by=None, action="outlet.registered", subject=world.gas, at=registered)


def test_the_last_quarter_is_opened_with_its_duty_and_met_by_the_confirmation(world):
    measure(world, Q3.start)
    assert codes_open_due(at=Q3.end) == 1
    assert codes_open_due(at=IN_TIME) == 0
    duty = Duty.objects.get(kind="code_confirmation")
    assert (duty.due_at, duty.organisation, duty.state) == (DUE, world.discharger, "running")
    assert duty.link == f"/discharger/codes/{world.discharger.uscc}/DA001/2026/3/"
    confirmed(world)
    duty.refresh_from_db()
    assert duty.state == "met"


def test_a_late_confirmation_meets_its_duty_late_and_says_so(world):
    measure(world, Q3.start)
    codes_open_due(at=Q3.end)
    duties_expire(at=AFTER)
    row = confirmed(world, AFTER)
    assert Duty.objects.get().state == "met_late"
    assert is_late(row, AFTER)
    assert AuditEvent.objects.get(action="codes.confirmed").detail["late"] is True


def test_an_outlet_entered_after_the_quarter_owes_nothing_for_it(world):
    measure(world, Q3.end + HOUR)
    assert codes_open_due(at=IN_TIME) == 0
    row = opened(world, duty=False)
    assert not Duty.objects.exists()
    assert confirmed(world).pk == row.pk  # it may all the same


def test_the_quarters_follow_each_other_over_the_year():
    assert lock.last_ended(datetime(2026, 1, 1, tzinfo=UTC)) == (2025, 4)
    assert lock.last_ended(datetime(2026, 3, 31, 16, tzinfo=UTC)) == (2026, 1)  # 00:00 Beijing of 1 April
    assert lock.quarters_of(day_start(date(2025, 11, 1)), day_start(date(2026, 4, 1))) == [
        (2025, 4),
        (2026, 1),
    ]
    assert beijing_day(lock.anchor_of(2025, 4)) == date(2025, 12, 31)
