"""Point settings, schedules and permitted amounts: set, refused, undone, handed down as facts, and what follows."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.people import People

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.registry import selectors
from mingcha.apps.registry.models import PointSetting
from mingcha.apps.registry.services import (
    instrument_install,
    limit_set,
    outlet_register,
    permitted_amount_set,
    permitted_amount_undo,
    point_setting_set,
    point_setting_undo,
    schedule_set,
    schedule_undo,
)
from mingcha.core.clock import beijing_day
from mingcha.core.errors import BadInput, NotAllowed, StaleState

DAY = timedelta(days=1)
OFFICE = {"district_regulator", "city_regulator", "stranger_district_regulator"}


def setting(folk: People, at: datetime, **changes: Any) -> PointSetting:
    usual = {
        "outlet": folk.outlet, "factor": "a21002", "unit": "mg/m3", "range_top": 500.0, "valid_from": at - 10 * DAY,
        "document": "备案表", "why": "更换量程", "at": at,
    }  # fmt: skip
    return point_setting_set(**usual | changes)


def schedule(folk: People, at: datetime, **changes: Any) -> Any:
    usual = {
        "outlet": folk.outlet, "hours": range(8, 18), "weekdays": range(5), "cause": "no_discharge",
        "valid_from": at - 10 * DAY, "document": "许可证", "why": "间歇排放", "at": at,
    }  # fmt: skip
    return schedule_set(**usual | changes)


def amount(folk: People, at: datetime, **changes: Any) -> Any:
    usual = {
        "discharger": folk.discharger, "outlet": folk.outlet, "factor": "a21026", "year": 2026, "tonnes": "12.5",
        "document": "排污许可证", "clause": "表3", "why": "换证", "at": at,
    }  # fmt: skip
    return permitted_amount_set(**usual | changes)


def changed() -> list[tuple[Any, Any, str]]:
    """What was told to be computed again since the world was made, in order."""
    rows = AuditEvent.objects.filter(action="facts.changed").exclude(detail__cause="limit.set")
    return [
        (row.detail["start"], row.detail["end"], row.detail["cause"])
        for row in rows.exclude(detail__cause="instrument.installed").order_by("id")
    ]


def iso(moment: datetime) -> str:
    return moment.isoformat()


def facts(folk: People, at: datetime) -> Any:
    return selectors.outlet_facts(folk.outlet.key, beijing_day(at))


def test_a_setting_holds_from_its_moment_and_the_instrument_before_it(folk: People, at: datetime) -> None:
    setting(folk, at)
    found = facts(folk, at)
    assert found.setting("a21002", at - 10 * DAY - timedelta(seconds=1)).range_top == 200.0
    held = found.setting("a21002", at - 10 * DAY)
    assert (held.range_top, held.resolution) == (500.0, 0.1)  # an empty figure takes the instrument's
    assert found.setting("a21002").range_top == 500.0  # without a moment: of the day asked for


def test_a_closed_setting_gives_back_and_each_dirties_exactly_its_span(folk: People, at: datetime) -> None:
    setting(folk, at, valid_to=at - 8 * DAY)
    setting(folk, at, valid_from=at - 20 * DAY, range_top=300.0)
    assert [facts(folk, at).setting("a21002", at - d * DAY).range_top for d in (30, 15, 9, 7)] == [
        200.0,
        300.0,
        500.0,
        300.0,
    ]
    assert changed() == [
        (iso(at - 10 * DAY), iso(at - 8 * DAY), "point_setting.set"),
        (iso(at - 20 * DAY), iso(at - 10 * DAY), "point_setting.set"),
        (iso(at - 8 * DAY), None, "point_setting.set"),
    ]


def test_what_is_set_for_the_future_dirties_nothing(folk: People, at: datetime) -> None:
    setting(folk, at, valid_from=at + DAY)
    assert changed() == []


def test_an_undone_setting_stays_readable_and_its_span_is_computed_again(folk: People, at: datetime) -> None:
    row = setting(folk, at)
    point_setting_undo(setting=row, why="量程填错", by=folk["district_regulator"], at=at)
    assert facts(folk, at).setting("a21002").range_top == 200.0
    kept = selectors.point_settings_of(folk.outlet).get()
    assert (kept.range_top, kept.undone_why, kept.undone_by) == (
        500.0,
        "量程填错",
        folk["district_regulator"],
    )
    assert changed()[-1] == (iso(at - 10 * DAY), None, "point_setting.undone")
    with pytest.raises(StaleState):
        point_setting_undo(setting=row, why="再次", by=folk["district_regulator"], at=at)


def test_a_correction_undoes_the_wrong_row_and_dirties_both_spans(folk: People, at: datetime) -> None:
    wrong = setting(folk, at)
    right = setting(folk, at, valid_from=at - 5 * DAY, replaces=wrong)
    wrong.refresh_from_db()
    assert wrong.undone_at == at
    assert right.undone_at is None
    assert {span[:2] for span in changed()[1:]} == {(iso(at - 10 * DAY), None), (iso(at - 5 * DAY), None)}
    with pytest.raises(BadInput) as caught:
        setting(folk, at, factor="a21026", replaces=right)
    assert set(caught.value.problems) == {"factor"}


def test_two_cannot_begin_at_once_not_even_by_plain_writing(folk: People, at: datetime) -> None:
    row = setting(folk, at)
    with pytest.raises(BadInput) as caught:
        setting(folk, at, range_top=300.0)
    assert set(caught.value.problems) == {"valid_from"}
    with pytest.raises(IntegrityError), transaction.atomic():
        PointSetting.objects.create(
            outlet=folk.outlet, factor="a21002", unit="mg/m3", valid_from=row.valid_from, set_at=at
        )
    point_setting_undo(setting=row, why="重设", at=at)
    assert setting(folk, at).pk != row.pk


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"factor": "SO2"}, {"factor"}),
        ({"unit": " "}, {"unit"}),
        ({"unit": "m" * 17}, {"unit"}),
        ({"range_top": 0.0}, {"range_top"}),
        ({"range_top": float("nan")}, {"range_top"}),
        ({"range_top": float("inf")}, {"range_top"}),
        ({"resolution": 500.0}, {"resolution"}),
        ({"detection_limit": 501.0}, {"detection_limit"}),
        ({"reference_o2": 21.0}, {"reference_o2"}),
        ({"cycle_s": -60}, {"cycle_s"}),
        ({"cycle_s": 8 * 86_400}, {"cycle_s"}),
        ({"document": ""}, {"document"}),
        ({"why": "长" * 501}, {"why"}),
    ],
)
def test_a_bad_setting_is_refused_by_field(
    folk: People, at: datetime, changes: dict, fields: set[str]
) -> None:
    before = AuditEvent.objects.count()
    with pytest.raises(BadInput) as caught:
        setting(folk, at, **changes)
    assert set(caught.value.problems) == fields
    assert (AuditEvent.objects.count(), PointSetting.objects.count()) == (before, 0)


def test_a_setting_lies_in_the_life_of_the_outlet(folk: People, at: datetime) -> None:
    for changes, field in (
        ({"valid_from": folk.datalogger.installed_at - DAY}, "valid_from"),
        ({"valid_to": at - 10 * DAY}, "valid_to"),
    ):
        with pytest.raises(BadInput) as caught:
            setting(folk, at, **changes)
        assert set(caught.value.problems) == {field}


def test_only_the_named_roles_set(folk: People, at: datetime) -> None:
    """Whose objects they reach the selectors decide; here is what a role may do at all."""
    for name, user in folk.persons.items():
        for act, roles in (
            (lambda user=user: setting(folk, at, by=user), OFFICE | {"monitoring_centre"}),
            (lambda user=user: schedule(folk, at, by=user), OFFICE),
            (lambda user=user: amount(folk, at, by=user), OFFICE),
        ):
            if name in roles:
                made = act()
                type(made).objects.filter(pk=made.pk).update(undone_at=at)
            else:
                with pytest.raises(NotAllowed):
                    act()


def test_schedules_become_facts_and_every_row_keeps_its_reason(folk: People, at: datetime) -> None:
    schedule(folk, at, valid_to=at - 2 * DAY)
    schedule(folk, at, factor="a21002", hours=[0, 6, 12, 18], weekdays=range(7), cause="off_schedule")
    whole, shared = facts(folk, at).schedules
    assert (whole.factor, whole.hours, whole.weekdays) == ("", frozenset(range(8, 18)), frozenset(range(5)))
    assert (whole.start, whole.end, whole.cause) == (at - 10 * DAY, at - 2 * DAY, "no_discharge")
    assert (shared.factor, shared.end, shared.cause) == ("a21002", None, "off_schedule")


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"hours": []}, {"hours"}),
        ({"hours": [24]}, {"hours"}),
        ({"weekdays": [-1]}, {"weekdays"}),
        ({"cause": "fault"}, {"cause"}),
        ({"factor": "x"}, {"factor"}),
        ({"hours": range(24), "weekdays": range(7)}, {"hours"}),  # what holds without a schedule
    ],
)
def test_a_bad_schedule_is_refused_by_field(
    folk: People, at: datetime, changes: dict, fields: set[str]
) -> None:
    with pytest.raises(BadInput) as caught:
        schedule(folk, at, **changes)
    assert set(caught.value.problems) == fields


def test_all_hours_end_an_earlier_schedule(folk: People, at: datetime) -> None:
    schedule(folk, at)
    schedule(folk, at, hours=range(24), weekdays=range(7), valid_from=at - DAY)
    assert [len(found.hours) for found in facts(folk, at).schedules] == [10, 24]


def test_an_undone_schedule_lets_every_hour_be_due(folk: People, at: datetime) -> None:
    schedule_undo(schedule=schedule(folk, at), why="已连续排放", at=at)
    assert facts(folk, at).schedules == ()
    assert [cause for _, _, cause in changed()] == ["schedule.set", "schedule.undone"]


def test_amounts_are_of_an_outlet_or_of_the_whole_discharger(folk: People, at: datetime) -> None:
    amount(folk, at)
    amount(folk, at, outlet=None, tonnes="30")
    amount(folk, at, period="q1", tonnes="4")
    held = selectors.permitted_in_force(folk.discharger, 2026)
    assert {(row.outlet_id, row.period, row.tonnes) for row in held} == {
        (folk.outlet.pk, "year", Decimal("12.5")),
        (None, "year", Decimal(30)),
        (folk.outlet.pk, "q1", Decimal(4)),
    }
    assert set(selectors.permitted_amounts_of(folk.outlet)) == set(held)
    assert list(selectors.permitted_amounts_of(folk.stranger_outlet)) == []


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"tonnes": "0"}, {"tonnes"}),
        ({"tonnes": "1.1234567"}, {"tonnes"}),
        ({"tonnes": "many"}, {"tonnes"}),
        ({"year": 1999}, {"year"}),
        ({"period": "q5"}, {"period"}),
        ({"period": "year"}, {"period"}),  # there already
        ({"period": "q2", "tonnes": "13"}, {"tonnes"}),  # more than its year
        ({"document": " "}, {"document"}),
    ],
)
def test_a_bad_amount_is_refused_by_field(
    folk: People, at: datetime, changes: dict, fields: set[str]
) -> None:
    amount(folk, at)
    with pytest.raises(BadInput) as caught:
        amount(folk, at, **changes)
    assert set(caught.value.problems) == fields


def test_an_amount_is_corrected_or_undone_and_stays(folk: People, at: datetime) -> None:
    first = amount(folk, at)
    second = amount(folk, at, tonnes="11", replaces=first)
    permitted_amount_undo(amount=second, why="以分表为准", at=at)
    assert selectors.permitted_in_force(folk.discharger, 2026) == []
    assert selectors.permitted_amounts_of(folk.outlet).count() == 2
    with pytest.raises(BadInput) as caught:
        amount(folk, at, outlet=folk.stranger_outlet)
    assert set(caught.value.problems) == {"outlet"}


def test_a_late_instrument_or_limit_is_told_too(folk: People, at: datetime) -> None:
    instrument_install(outlet=folk.outlet, factor="a21026", unit="mg/m3", installed_at=at - 3 * DAY, at=at)
    limit_set(
        outlet=folk.outlet, factor="a21026", value="35", unit="mg/m3", averaging="hour", document="GB",
        valid_from=beijing_day(at), at=at,
    )  # fmt: skip
    told = AuditEvent.objects.filter(action="facts.changed").order_by("-id")[:2]
    assert [row.detail["cause"] for row in told] == ["limit.set", "instrument.installed"]
    assert told[1].detail | {"cause": ""} == {
        "outlet": folk.outlet.key,
        "start": iso(at - 3 * DAY),
        "end": None,
        "reason": "setting",
        "cause": "",
    }


def test_an_outlet_without_a_data_logger_has_nothing_to_compute_again(folk: People, at: datetime) -> None:
    bare = outlet_register(discharger=folk.discharger, code="DA007", name="七", medium="gas", at=at)
    setting(folk, at, outlet=bare)
    assert changed() == []
