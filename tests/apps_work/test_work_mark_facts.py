"""Marks as facts: code, cause and due of each item, when a mark has effect, and exactly what follows a change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from work_world import MORNING, World, later

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices.services import setting_set
from mingcha.apps.marking import facts
from mingcha.apps.marking.models import Mark
from mingcha.apps.marking.services import mark_correct, mark_decide, mark_submit, mark_withdraw
from mingcha.apps.marking.values import item_rows, read_items
from mingcha.apps.registry import selectors as registry
from mingcha.apps.registry.services import (
    datalogger_install,
    datalogger_remove,
    instrument_install,
    limit_set,
    outlet_register,
    point_setting_set,
    point_setting_undo,
    schedule_set,
    schedule_undo,
)
from mingcha.core.causes import NOT_DUE, Cause
from mingcha.core.clock import beijing_day
from mingcha.core.errors import BadInput, BadRule
from mingcha.core.facts import MarkSpan

LATE = datetime(2026, 11, 25, 4, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def measured(world: World) -> None:
    """An outlet without a data logger has no values that could follow."""
    if not world.gas.dataloggers.exists():
        datalogger_install(
            outlet=world.gas, mn="0" * 24, st="31", edition="2017", installed_at=later(days=-100), at=MORNING
        )


def mark(world: World, **changes) -> Mark:
    how = {
        "outlet": world.gas, "start": later(hours=-3), "end": later(hours=-2), "item": "calibration", "reason": "每周校准",
        "by": world.person("discharger_officer"), "at": MORNING,
    }  # fmt: skip
    return mark_submit(**(how | changes))


def spans(world: World) -> tuple[MarkSpan, ...]:
    return facts.outlet_facts(world.gas.key, beijing_day(MORNING)).marks


def told() -> list[tuple[str, str, str]]:
    rows = AuditEvent.objects.filter(action="facts.changed", detail__reason="mark").order_by("id")
    return [(row.detail["start"], row.detail["end"], row.detail["cause"]) for row in rows]


def span_of(row: Mark) -> tuple[str, str]:
    return row.start.isoformat(), row.end.isoformat()


@pytest.mark.parametrize(
    ("item", "code", "cause", "due"),
    [
        ("calibration", "C", "calibration", True),
        ("standard_check", "C", "standard_check", True),
        ("maintenance", "M", "maintenance", True),
        ("fault", "D", "fault", True),
        ("comparison", "M", "maintenance", True),
        ("commissioning", "M", "maintenance", True),
        ("communication", "Md", "link_down", True),
        ("stop", "F", "stopped", False),
    ],
)
def test_what_an_item_means_for_the_hours(world, item, code, cause, due):
    row = mark(world, item=item, factor="a21026")
    assert spans(world) == (MarkSpan("a21026", row.start, row.end, code, cause, due, MORNING),)


def test_only_what_a_rate_excuses_leaves_its_denominator():
    """R-MK-4: operating stops leave both denominators; equipment marks do not. Of checks the statistics take one hour."""
    for row in item_rows().values():
        assert row.due == (row.mark_class != "operating")
        assert row.cause in set(Cause)
        assert row.due or row.cause in NOT_DUE


def test_a_late_mark_counts_from_its_acceptance(world):
    row = mark(world, at=LATE)
    assert (spans(world), told()) == ((), [])
    mark_decide(mark=row, decision="accept", by=world.person("near_district_regulator"), at=LATE + DAY)
    (found,) = spans(world)
    assert found.known_at == LATE + DAY
    assert told() == [(*span_of(row), "mark.accepted")]


def test_a_mark_in_time_counts_at_once_and_its_acceptance_changes_nothing(world):
    row = mark(world)
    mark_decide(mark=row, decision="accept", by=world.person("near_district_regulator"), at=LATE)
    (found,) = spans(world)
    assert found.known_at == MORNING
    assert told() == [(*span_of(row), "mark.submitted")]


def test_a_question_changes_no_value(world):
    row = mark(world)
    mark_decide(
        mark=row, decision="question", comment="疑", by=world.person("near_district_regulator"), at=LATE
    )
    assert len(spans(world)) == 1
    assert len(told()) == 1


def test_a_withdrawn_mark_loses_effect_and_dirties_its_span(world):
    row = mark(world)
    mark_withdraw(mark=row, by=world.person("discharger_officer"), at=MORNING)
    assert spans(world) == ()
    assert told() == [(*span_of(row), "mark.submitted"), (*span_of(row), "mark.withdrawn")]


def test_a_late_mark_that_is_withdrawn_never_had_effect(world):
    mark_withdraw(mark=mark(world, at=LATE), by=world.person("discharger_officer"), at=LATE)
    assert told() == []


def test_a_correction_takes_the_old_span_out_and_the_new_one_in(world):
    row = mark(world)
    mark_decide(
        mark=row, decision="question", comment="疑", by=world.person("near_district_regulator"), at=MORNING
    )
    how = {"start": later(hours=-3), "end": later(hours=-2, minutes=-30), "item": "fault", "reason": "故障"}
    new = mark_correct(mark=row, by=world.person("discharger_officer"), at=MORNING, **how)
    assert [found.code for found in spans(world)] == ["D"]
    assert told()[1:] == [(*span_of(row), "mark.corrected"), (*span_of(new), "mark.submitted")]


def test_facts_of_all_outlets_are_those_of_each_in_few_queries(world, django_assert_num_queries):
    mark(world)
    mark(world, factor="a21026", start=later(hours=-9), end=later(hours=-8))
    with django_assert_num_queries(8):
        found = {one.key: one for one in facts.all_outlet_facts(MORNING)}
    assert len(found[world.gas.key].marks) == 2
    for key, one in found.items():
        assert facts.outlet_facts(key, beijing_day(MORNING)) == one
    plain = registry.outlet_facts(world.gas.key, beijing_day(MORNING))
    assert plain.marks == ()  # the register knows of none


def test_marks_of_an_outlet_with_the_same_code_elsewhere_are_not_mixed(world):
    mark(world)
    other = outlet_register(discharger=world.stranger, code="DA555", name="它", medium="gas", at=MORNING)
    assert facts.outlet_facts(other.key, beijing_day(MORNING)).marks == ()
    assert facts.outlet_facts(world.strange_gas.key, beijing_day(MORNING)).marks == ()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("code: F", "code: X", "stop.code"),
        ("cause: stopped", "cause: asleep", "stop.cause"),
        ("due: false", "due: perhaps", "stop.due"),
        ("mark_class: operating", "mark_class: other", "stop.mark_class"),
        ("code: F, ", "", "stop: code"),
    ],
)
def test_a_broken_table_names_file_key_and_remedy(tmp_path, old, new, named):
    path = Path(str(facts.__file__)).with_name("items.yaml")
    text = path.read_text(encoding="utf-8")
    head, stop = text[: text.index("\nstop:")], text[text.index("\nstop:") :]
    broken = tmp_path / "items.yaml"
    broken.write_text(head + stop.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadRule, match=named):
        read_items(broken)


def test_nothing_is_marked_that_the_table_does_not_name(world):
    with pytest.raises(BadInput):
        mark(world, item="holiday")


def test_every_deed_that_changes_facts_is_told_by_its_stamp(world):
    """Each audited deed below is compared by what it does to the facts, not by its name."""

    def everything() -> list:
        return facts.all_outlet_facts(LATE + 10 * DAY)

    officer, desk = world.person("discharger_officer"), world.person("near_district_regulator")
    made: dict[str, object] = {}

    def late_mark() -> None:
        made["late"] = mark(world, at=LATE, factor="a34013")

    def early_mark() -> None:
        made["mark"] = mark(world)

    def set_point() -> None:
        made["point"] = point_setting_set(
            outlet=world.gas,
            factor="a21026",
            unit="mg/m3",
            valid_from=MORNING,
            document="d",
            why="w",
            at=MORNING,
        )

    def set_hours() -> None:
        made["hours"] = schedule_set(
            outlet=world.gas, hours=[1], weekdays=[1], cause="no_discharge", valid_from=MORNING, document="d", why="w",
            at=MORNING,
        )  # fmt: skip

    deeds = [
        early_mark,
        lambda: mark_withdraw(mark=made["mark"], by=officer, at=MORNING),
        late_mark,
        lambda: mark_decide(mark=made["late"], decision="accept", by=desk, at=LATE),
        set_point,
        lambda: point_setting_undo(setting=made["point"], why="w", at=MORNING),
        set_hours,
        lambda: schedule_undo(schedule=made["hours"], why="w", at=MORNING),
        lambda: outlet_register(discharger=world.stranger, code="DA777", name="七", medium="gas", at=MORNING),
        lambda: instrument_install(outlet=world.gas, factor="a21026", unit="mg/m3", at=MORNING),
        lambda: limit_set(
            outlet=world.gas, factor="a21026", value="35", unit="mg/m3", averaging="hour", document="GB",
            valid_from=beijing_day(MORNING), at=MORNING,
        ),
        lambda: datalogger_remove(datalogger=world.gas.dataloggers.get(), at=MORNING),
        lambda: setting_set(
            datalogger=world.gas.dataloggers.get(), dialect={"units": {"a21026": "ppm"}}, valid_from=MORNING, why="w",
            by=None, at=MORNING,
        ),
    ]  # fmt: skip
    for deed in deeds:
        before, since = everything(), facts.stamp()
        assert not facts.changed_after(since)
        deed()
        if everything() != before:
            assert facts.changed_after(since)
    audit_record(by=None, action="duty.opened", subject=("duty", 1), at=MORNING)
    assert not facts.changed_after(facts.stamp() - 1)
