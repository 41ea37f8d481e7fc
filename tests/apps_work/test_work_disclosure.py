"""What is published: built from values, chained by digests, never changed."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from work_world import MORNING, World, later

from mingcha.apps.accounts.models import Organisation
from mingcha.apps.disclosure.models import Snapshot
from mingcha.apps.disclosure.selectors import (
    outlets_public,
    snapshot_get,
    snapshot_latest,
    snapshot_versions,
    verify_snapshots,
)
from mingcha.apps.disclosure.services import outlet_publish, snapshot_publish
from mingcha.apps.disclosure.values import PublicMark, content_for, verdict_words
from mingcha.apps.marking.services import mark_submit
from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.selectors import outlet_facts
from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.clock import hour_start
from mingcha.core.errors import BadInput, LocalError, NotAllowed, NotFound
from mingcha.core.facts import Limit
from mingcha.core.spans import Span

AT = MORNING
LAST = hour_start(AT) - timedelta(hours=1)
LIMIT = Limit(
    "a21026",
    Decimal(35),
    "mg/m3",
    "hour",
    "GB 13223-2011",
    "表2",
    date(2020, 1, 1),
    reference_o2=Decimal(6),
)


def hour(
    world: World,
    *,
    ago: int = 0,
    code: HourCode = HourCode.NORMAL,
    mean: float | None = 20.0,
    converted: float | None = 30.0,
) -> HourValue:
    return HourValue(
        world.gas.key, "a21026", LAST - timedelta(hours=ago), code, 60, mean, converted=converted
    )


def content(world: World, *hours: HourValue, limits=(LIMIT,), marks=(), versions=None):
    return content_for(world.gas, hours, limits, marks, versions or {}, AT)


def last_row(page: dict) -> dict:
    return page["factors"][0]["hours"][-1]


def test_a_page_has_24_hours_with_unit_limit_and_verdict(world):
    page = content(world, hour(world))
    factor = page["factors"][0]
    assert (factor["name_zh"], factor["unit"], len(factor["hours"])) == ("二氧化硫", "mg/m3", 24)
    assert factor["limit"] == {
        "value": "35",
        "unit": "mg/m3",
        "cite": "GB 13223-2011 表2",
        "sureness": "official",
        "reference_o2": "6",
    }
    row = last_row(page)
    assert (row["start"], row["code"], row["value"], row["converted"], row["verdict_zh"]) == (
        "2026-11-23T08:00+08:00", "N", "30", True, "达标",
    )  # fmt: skip
    assert json.loads(json.dumps(page)) == page


@pytest.mark.parametrize(
    ("how", "limits", "words"),
    [
        ({"converted": 35.0}, [LIMIT], "达标"),
        ({"converted": 35.0001}, [LIMIT], "超标"),
        ({"converted": None}, [LIMIT], "未判定（因无折算值）"),
        ({"mean": None, "converted": None}, [LIMIT], "未判定（因无折算值）"),
        ({}, [], "无小时限值"),
        ({"code": HourCode.CALIBRATION}, [], "无小时限值"),
        ({"code": HourCode.STOPPED, "converted": 99.0}, [LIMIT], "未判定（因停运）"),
        ({"code": HourCode.CALIBRATION}, [LIMIT], "未判定（因校准）"),
        ({"code": HourCode.NO_DATA, "mean": None, "converted": None}, [LIMIT], "未判定（因无数据）"),
    ],
)
def test_three_answers_in_words(world, how, limits, words):
    assert last_row(content(world, hour(world, **how), limits=limits))["verdict_zh"] == words


@given(st.sampled_from(list(HourCode)), st.none() | st.decimals(0, 100, places=2), st.booleans())
def test_missing_data_are_never_a_pass(code, value, limited):
    verdict, zh, en = verdict_words(code, value, LIMIT if limited else None)
    if verdict in ("met", "exceeded"):
        assert code is HourCode.NORMAL
        assert value is not None
        assert limited
    elif limited:
        assert verdict == "not_judged"
        assert zh.startswith("未判定（因")
        assert en.startswith("not judged")
    else:
        assert verdict == "no_limit"


def test_an_hour_that_is_not_there_is_shown_as_missing(world):
    rows = content(world, hour(world))["factors"][0]["hours"]
    assert [row["code"] for row in rows] == ["Md"] * 23 + ["N"]


def test_marks_and_revisions_are_shown(world):
    marks = [PublicMark("", Span(LAST, LAST + timedelta(minutes=5)), "校准", "Calibration", late=True)]
    page = content(
        world,
        hour(world),
        hour(world, ago=1),
        marks=marks,
        versions={("a21026", LAST): 3, ("a21026", LAST - timedelta(hours=1)): 1},
    )
    row = last_row(page)
    assert (row["marks_zh"], row["marks_en"], row["revisions"]) == (
        ["校准（逾期标记）"],
        ["Calibration (late)"],
        2,
    )
    assert page["factors"][0]["revised"] == 1


def test_hours_of_another_outlet_or_twice_are_refused(world):
    with pytest.raises(BadInput, match="was handed in"):
        content(world, HourValue(world.strange_gas.key, "a21026", LAST, HourCode.NORMAL, 60, 1.0))
    with pytest.raises(BadInput, match="two values"):
        content(world, hour(world), hour(world, mean=3.0))


def test_no_person_price_or_position_is_published(world):
    text = json.dumps(content(world, hour(world)), ensure_ascii=False)
    for hidden in ("latitude", "31.23", "HT-1", "technician"):
        assert hidden not in text


# Versions


def publish(world: World, value: float, *, at=AT, outlet: Outlet | None = None) -> Snapshot:
    return snapshot_publish(outlet=outlet or world.gas, content={"value": str(value)}, at=at, why="hour")


def test_equal_content_is_published_once(world):
    first = publish(world, 1)
    assert publish(world, 1, at=later(hours=1)).pk == first.pk
    assert publish(world, 2, at=later(hours=1)).version == 2
    assert publish(world, 1, at=later(hours=2)).version == 3


def test_each_outlet_has_its_own_chain_and_it_verifies(world):
    for value in range(4):
        publish(world, value, at=later(hours=value))
        publish(world, value, at=later(hours=value), outlet=world.water)
    versions = list(snapshot_versions(world.discharger.uscc, "DA001"))
    assert [v.version for v in versions] == [4, 3, 2, 1]
    assert [v.previous for v in versions] == [*(v.digest for v in versions[1:]), ""]
    assert verify_snapshots(world.discharger.uscc, "DA001") == []
    assert snapshot_latest(world.discharger.uscc, "DA001") == versions[0] == snapshot_get(versions[0].digest)
    assert {o.code for o in outlets_public()} == {"DA001", "DW001"}


def test_what_was_published_is_never_changed_by_code_or_sql(world):
    snapshot = publish(world, 1)
    snapshot.content = {"value": "0"}
    for deed in (
        snapshot.save,
        snapshot.delete,
        lambda: Snapshot.objects.update(why="x"),
        lambda: Snapshot.objects.all().delete(),
    ):
        with pytest.raises(LocalError, match="never changed"):
            deed()
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE disclosure_snapshot SET why = 'x'")
    assert snapshot_get(snapshot.digest).content == {"value": "1"}


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            'UPDATE disclosure_snapshot SET content = \'{"value": "0"}\' WHERE version = 2',
            "content was changed",
        ),
        ("UPDATE disclosure_snapshot SET why = 'x' WHERE version = 2", "says digest"),
        ("DELETE FROM disclosure_snapshot WHERE version = 2", "version is missing"),
    ],
)
def test_who_lifts_the_guard_is_found_by_the_chain(world, sql, words):
    from mingcha.apps.disclosure import guards

    for value in range(3):
        publish(world, value)
    guards.lift(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql)
    guards.add(connection)
    assert any(words in problem for problem in verify_snapshots(world.discharger.uscc, "DA001"))


def test_what_was_not_published_is_not_found(world):
    with pytest.raises(NotFound):
        snapshot_latest(world.discharger.uscc, "DA001")
    with pytest.raises(NotFound):
        snapshot_get("0" * 64)
    assert list(outlets_public()) == []


def test_only_the_city_publishes_by_hand(world):
    with pytest.raises(NotAllowed):
        snapshot_publish(
            outlet=world.gas, content={}, at=AT, why="revision", by=world.person("discharger_admin")
        )
    assert (
        snapshot_publish(
            outlet=world.gas, content={}, at=AT, why="revision", by=world.person("city_city_regulator")
        ).version
        == 1
    )


def test_the_worker_publishes_with_register_limits_and_marks(world):
    world.gas.limits.create(
        factor="a21026",
        value="35",
        unit="mg/m3",
        averaging="hour",
        document="GB",
        sureness="official",
        valid_from=date(2020, 1, 1),
    )
    mark_submit(
        outlet=world.gas,
        start=LAST,
        end=LAST + timedelta(hours=1),
        item="fault",
        reason="故障",
        by=world.person("discharger_officer"),
        at=AT,
    )
    span = Span(LAST - timedelta(hours=23), LAST + timedelta(hours=1))
    facts = outlet_facts(world.gas.key, date(2026, 11, 23))
    snapshot = outlet_publish(
        outlet=world.gas.key, facts=facts, hours=[hour(world)], span=span, at=AT, why="hour"
    )
    row = last_row(snapshot.content)
    assert (row["value"], row["verdict_zh"], row["marks_zh"]) == ("20", "达标", ["故障"])
    assert Organisation.objects.count() == 4
