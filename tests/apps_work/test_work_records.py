"""Records of a visit and the flags it gets (WF-8.1, WF-8.4, WF-8.5)."""

from datetime import UTC, datetime, timedelta

import pytest
from work_world import MORNING, REPAIR, STATION, World, later, submitted

from mingcha.apps.audit.selectors import timeline
from mingcha.apps.maintenance.forms import form_get
from mingcha.apps.maintenance.models import Visit
from mingcha.apps.maintenance.prefill import suggested_values
from mingcha.apps.maintenance.selectors import (
    flags_in_words,
    form_needs,
    forms_for,
    records_of,
)
from mingcha.apps.maintenance.services import (
    record_save,
    visit_reject,
    visit_sign_out,
    visit_submit,
)
from mingcha.core.errors import BadInput, IllegalMove

# Records


def test_several_technicians_file_records_and_each_keeps_its_author(world):
    visit = world.sign_in()
    mine = record_save(
        visit=visit, form="ww_repair", values=REPAIR, author=world.person("technician"), at=MORNING
    )
    theirs = record_save(
        visit=visit,
        form="ww_repair",
        values=REPAIR | {"remark": "补充"},
        author=world.person("second_technician"),
        at=MORNING,
    )
    assert [(r.version, r.author.username) for r in (mine, theirs)] == [
        (1, "technician"),
        (2, "second_technician"),
    ]


def test_a_draft_is_replaced_and_what_was_submitted_stays(world):
    visit = submitted(world)
    visit_reject(
        visit=visit, by=world.person("discharger_confirmer"), reason="设备编号不符", at=later(hours=1)
    )
    assert (visit.state, visit.remark) == ("open", "设备编号不符")
    for serial in ("S2", "S3"):
        record_save(
            visit=visit,
            form="ww_repair",
            values=REPAIR | {"equipment_serial": serial},
            author=world.person("technician"),
            at=later(hours=2),
        )
    kept = [(r.version, r.submitted, r.values["equipment_serial"]) for r in visit.records.order_by("version")]
    assert kept == [(1, True, "S1"), (2, False, "S3")]


def test_equal_values_write_nothing(world):
    visit = world.fill(world.sign_in())
    world.fill(visit, at=later(minutes=5))
    record = visit.records.get()
    assert (record.version, record.saved_at) == (1, MORNING)
    assert len(timeline("record", record.pk)) == 1


def test_the_header_comes_from_the_register_and_is_never_typed(world):
    visit = world.sign_in()
    typed = REPAIR | {"discharger_name": "别家", "visit_id": "V-1", "record_time": "2000-01-01T00:00"}
    record = record_save(
        visit=visit, form="ww_repair", values=typed, author=world.person("technician"), at=MORNING
    )
    shown = {
        key: record.values[key]
        for key in ("discharger_name", "outlet_code", "om_agency", "technician", "visit_id", "record_time")
    }
    assert shown == {
        "discharger_name": "东方化工", "outlet_code": "DW001", "om_agency": "清源运维", "technician": "technician",
        "visit_id": visit.number, "record_time": "2026-11-23T09:30:00+08:00",
    }  # fmt: skip


def test_the_register_proposes_what_it_knows(world):
    world.gas.instruments.create(
        factor="a21026", maker="制造商", model="M1", unit="mg/m3", installed_at=MORNING
    )
    visit = world.sign_in(outlet=world.gas, activity="patrol")
    proposed = suggested_values(form_get("gas_patrol_extractive"), visit, world.person("technician"), MORNING)
    assert (proposed["gas_cems_maker"], proposed["station_name"], proposed["patrol_date"]) == (
        "制造商",
        "DA001口",
        "2026-11-23",
    )
    assert "equipment_id" not in proposed


@pytest.mark.parametrize(
    "form", ["gas_repair", "fault_report", "comparison_report", "discharger_confirmation", "agency_review"]
)
def test_a_form_of_another_medium_or_kind_is_no_record_of_the_visit(world, form):
    with pytest.raises(BadInput, match="不是"):
        record_save(
            visit=world.sign_in(), form=form, values={}, author=world.person("technician"), at=MORNING
        )


def test_a_form_of_an_old_version_is_said_and_nothing_is_lost(world):
    with pytest.raises(BadInput, match="新版本"):
        record_save(
            visit=world.sign_in(),
            form="ww_repair",
            values=REPAIR,
            author=world.person("technician"),
            at=MORNING,
            form_digest="old",
        )


def test_a_wrong_value_is_named_by_its_field(world):
    with pytest.raises(BadInput) as caught:
        record_save(
            visit=world.sign_in(),
            form="ww_repair",
            values={"core_changed": "perhaps"},
            author=world.person("technician"),
            at=MORNING,
        )
    assert set(caught.value.problems) == {"core_changed"}


def test_nothing_is_saved_into_a_submitted_visit(world):
    with pytest.raises(IllegalMove, match="已提交"):
        world.fill(submitted(world))


def test_a_visit_is_submitted_with_every_form_it_asks_for(world):
    visit = world.sign_in(outlet=world.gas, activity="calibration")
    assert [f.id for f in forms_for(visit)] == ["gas_drift_calibration", "gas_full_system_calibration"]
    assert [(n.form.id, n.need, n.record) for n in form_needs(visit)] == [
        ("gas_drift_calibration", "all", None), ("gas_full_system_calibration", "may", None),
    ]  # fmt: skip
    with pytest.raises(BadInput) as caught:
        visit_submit(visit=visit, by=world.person("technician"), at=later(hours=1))
    assert set(caught.value.problems) == {"gas_drift_calibration"}
    record_save(
        visit=visit,
        form="gas_drift_calibration",
        values={"cal_start": "2026-11-23T09:35"},
        author=world.person("technician"),
        at=MORNING,
    )
    with pytest.raises(BadInput) as caught:
        visit_submit(visit=visit, by=world.person("technician"), at=later(hours=1))
    assert "gas_drift_calibration.cal_end" in caught.value.problems
    assert "gas_drift_calibration.visit_id" not in caught.value.problems


def test_where_one_of_several_forms_is_asked_for_any_one_will_do(world):
    visit = world.sign_in(outlet=world.water, activity="other")
    with pytest.raises(BadInput, match="至少应填一张"):
        visit_submit(visit=visit, by=world.person("technician"), at=later(hours=1))
    world.fill(visit)
    assert visit_submit(visit=visit, by=world.person("technician"), at=later(hours=1)).state == "submitted"


def test_support_of_an_inspection_needs_no_record(world):
    visit = world.sign_in(activity="inspection_support")
    assert visit_submit(visit=visit, by=world.person("technician"), at=later(hours=1)).state == "submitted"


# Drafts are the agency's own


def test_others_see_records_once_they_are_submitted(world):
    visit = world.fill(world.sign_in())
    assert len(records_of(world.person("agency_reviewer"), visit)) == 1
    assert records_of(world.person("discharger_officer"), visit) == []
    visit_submit(visit=visit, by=world.person("technician"), at=later(hours=1))
    assert len(records_of(world.person("discharger_officer"), visit)) == 1


# What looks odd is flagged, and nothing more


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"latitude": STATION[0] + 0.0054, "accuracy_m": 10.0}, "out_of_fence"),  # about 600 m north
        ({"latitude": None, "longitude": None}, "no_position"),
        ({"photo_sha256": ""}, "no_photo"),
        ({"device_at": later(seconds=301)}, "clock_skew"),
        ({"device_at": later(seconds=-301)}, "clock_skew"),
        ({"at": datetime(2026, 11, 23, 14, 0, tzinfo=UTC), "device_at": None}, "night_visit"),
        ({"at": datetime(2026, 11, 22, 21, 59, tzinfo=UTC), "device_at": None}, "night_visit"),
    ],
)
def test_what_looks_odd_is_flagged_and_blocks_nothing(world, changes, flag):
    visit = world.sign_in(**changes)
    assert [f for f in visit.flags if f != "unplanned"] == [flag]
    assert all(flags_in_words(visit))


@pytest.mark.parametrize(
    "changes",
    [
        {"latitude": STATION[0] + 0.0044},  # about 490 m
        {"latitude": STATION[0] + 0.0054, "accuracy_m": 150.0},  # 600 m, known to 150 m
        {"device_at": later(seconds=300)},
        {"device_at": None},
        {"at": datetime(2026, 11, 23, 13, 59, tzinfo=UTC), "device_at": None},
        {"at": datetime(2026, 11, 22, 22, 0, tzinfo=UTC), "device_at": None},
    ],
)
def test_the_limit_itself_raises_no_flag(world, changes):
    assert world.sign_in(**changes).flags == ["unplanned"]


def test_a_short_stay_is_flagged_at_sign_out(world):
    visit = world.fill(world.sign_in())
    visit_submit(visit=visit, by=world.person("technician"), at=later(minutes=5))
    visit_sign_out(visit=visit, by=world.person("technician"), at=later(minutes=9, seconds=59))
    assert "too_short" in visit.flags


def check(world: World, measured: list[str], *, outlet, start: datetime) -> Visit:
    """A standard check with these readings, submitted."""
    visit = world.sign_in(outlet=outlet, activity="standard_check", at=start, device_at=start)
    header = {
        "station_name": "站",
        "equipment_id": "1",
        "equipment_name": "n",
        "equipment_model": "m",
        "equipment_serial": "s",
    }
    rows = [
        {
            "factor": "COD",
            "check_type": "manual",
            "done_at": start.isoformat(),
            "standard_no": "B1",
            "standard_value": "50",
            "measured": m,
        }
        for m in measured
    ]
    signed = {"technician_signature": "张三"}
    record_save(
        visit=visit,
        form="ww_standard_check_calibration",
        values=header | {"checks": rows} | signed,
        author=world.person("technician"),
        at=start,
    )
    return visit_submit(visit=visit, by=world.person("technician"), at=start + timedelta(minutes=40))


def test_a_record_with_the_numbers_of_an_earlier_one_is_flagged(world):
    first = check(world, ["49.1", "50.2"], outlet=world.water, start=MORNING)
    other = check(world, ["49.1", "50.3"], outlet=world.water, start=later(days=7))
    copy = check(world, ["49.10", "50.2"], outlet=world.water, start=later(days=14))
    assert ["copy_of_earlier_record" in v.flags for v in (first, other, copy)] == [False, False, True]


def test_ticks_alone_are_no_copy(world):
    submitted(world)
    second = world.sign_in(at=later(days=1), device_at=later(days=1))
    world.fill(second, at=later(days=1))
    assert (
        "copy_of_earlier_record"
        not in visit_submit(visit=second, by=world.person("technician"), at=later(days=1, hours=1)).flags
    )
