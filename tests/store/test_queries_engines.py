"""Every query gives on DuckDB what it gives on Sail, and both what plain Python says over the same values."""

import math
import random
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import deltalake
import duckdb
import pyarrow as pa
import pytest

from mingcha.core.aggregates import HourCode
from mingcha.core.causes import NOT_DUE, NOT_RECEIVED, Cause
from mingcha.core.clock import BEIJING, beijing_day, day_start
from mingcha.core.errors import BadInput
from mingcha.flow.outlet import UNWEIGHTED
from mingcha.stats.days import DayHour, gas_day, water_day
from mingcha.stats.months import MonthDay, gas_month, water_month
from mingcha.stats.validity import Validity
from mingcha.store.telemetry.history import schema
from mingcha.store.telemetry.queries import NAMES, Duck, Engine, Sail, run, text_of

Row = dict[str, Any]

GAS, WATER = ("a00000", "a19001", "a21026"), ("w00000", "w01001", "w01018")
OUTLETS = {f"9131000{n}/{'DW' if n % 2 else 'DA'}001": bool(n % 2) for n in range(6)}
GROUPS = {outlet: f"3100{n // 2:02d}" for n, outlet in enumerate(OUTLETS)}
FIRST_DAY, LAST_DAY = date(2028, 1, 30), date(2028, 3, 2)  # a leap day and two edges of months inside
START, END = day_start(FIRST_DAY), day_start(LAST_DAY)
SPAN = {"start": START, "end": END}
EVERY = {"first_outlet": "", "last_outlet": "\U0010ffff"}
LAW = Validity()
EPOCH = date(1970, 1, 1)


def value(chance: random.Random, outlet: str, factor: str, start: datetime) -> Row:
    """One version of one hour: mostly valid, else of any cause."""
    cause = "" if chance.random() < 0.8 else chance.choice(list(Cause)).value
    code = HourCode.NORMAL if cause in ("", Cause.FIELDS_MISSING) else chance.choice([HourCode.STOPPED, HourCode.FAULT, HourCode.NO_DATA])  # fmt: skip
    mean = chance.uniform(0, 90) if code is HourCode.NORMAL and chance.random() < 0.98 else None
    known = mean is not None and chance.random() < 0.98
    return {
        "outlet": outlet, "factor": factor, "start": start, "version": 1, "current": True, "code": code.value, "cause": cause,
        "at": start + timedelta(hours=1, seconds=chance.randrange(900)), "mean": mean,
        "minimum": mean, "maximum": mean, "converted": mean * 1.2 if known and mean is not None else None,
        "total": chance.choice([0.0, chance.uniform(0, 5)]) if known else None, "reported": None, "inputs": "", "text": None,
        "due": cause not in NOT_DUE, "received": cause not in NOT_RECEIVED, "valid_minutes": 60 if mean else 0,
        "first": chance.choice(["", "valid", "received", "lost"]),
    }  # fmt: skip


def made() -> list[Row]:
    chance = random.Random(4)
    rows: list[Row] = []
    hours = [START + timedelta(hours=n - 9) for n in range(int((END - START).total_seconds() // 3600) + 18)]
    for outlet, water in OUTLETS.items():
        for factor in WATER if water else GAS:
            stopped = chance.randrange(len(hours))
            for number, start in enumerate(hours):
                if chance.random() < 0.02:
                    continue  # nothing is known of it at all
                row = value(chance, outlet, factor, start)
                if stopped <= number < stopped + 80:
                    row |= {"code": "F", "cause": "stopped", "due": False, "mean": None, "converted": None, "total": None}  # fmt: skip
                rows.append(row)
                if chance.random() < 0.05:
                    later = value(chance, outlet, factor, start)
                    row["current"] = False
                    rows.append(later | {"version": 2, "at": row["at"] + timedelta(days=chance.randrange(9))})
    return rows


ROWS = made()
IN_USE = [row for row in ROWS if row["current"] and START <= row["start"] < END]


def day_number(start: datetime) -> int:
    return (beijing_day(start) - EPOCH).days


def plain_days(rows: list[Row]) -> list[Row]:
    volumes = {(r["outlet"], r["start"]): r["total"] for r in rows if r["factor"] == "w00000"}
    held: dict[tuple[str, str, int], list[DayHour]] = defaultdict(list)
    for r in rows:
        weight = None if r["factor"] in UNWEIGHTED else volumes.get((r["outlet"], r["start"]))
        hour = DayHour(HourCode(r["code"]), r["mean"], r["converted"], r["total"], weight)
        held[r["outlet"], r["factor"], day_number(r["start"])].append(hour)
    found = []
    for (outlet, factor, day), hours in sorted(held.items()):
        stat = water_day(hours, LAW) if OUTLETS[outlet] else gas_day(hours, LAW)
        found.append(
            {"outlet": outlet, "factor": factor, "day": day, "valid_hours": stat.valid_hours,
             "running_hours": stat.running_hours, "mean": stat.mean, "converted": stat.converted, "total": stat.total,
             "partial": stat.partial, "minimum": stat.minimum, "maximum": stat.maximum}
        )  # fmt: skip
    return found


DAYS = plain_days(IN_USE)


def stored(rows: list[Row], level: str) -> pa.Table:
    form = schema.SCHEMAS[level]
    usual = {"version": 1, "current": True, "inputs": "", "text": None}
    return pa.Table.from_pylist(
        [{f.name: row.get(f.name, usual.get(f.name)) for f in form} for row in rows], schema=form
    )


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("history")
    days = [row | {"start": day_start(EPOCH + timedelta(days=row["day"])), "at": END} for row in DAYS]
    found = {}
    for level, rows in (("hours", ROWS), ("days", days)):
        table = stored(rows, level)
        month = pa.array([f"{one:%Y-%m}" for one in table["start"].to_pylist()])
        kinds = pa.array([level[:-1]] * len(rows))
        whole = table.append_column("kind", kinds).append_column("month", month)
        found[level] = str(folder / level)
        deltalake.write_deltalake(found[level], whole, partition_by=["kind", "month"])
    return found


@pytest.fixture(scope="module")
def duck(places: dict[str, str]) -> Iterator[Duck]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'America/New_York'")  # no query may care
        for name, place in places.items():
            files = deltalake.DeltaTable(place).file_uris()
            connection.read_parquet(files).create_view(name)
        yield Duck(connection)


@pytest.fixture(scope="module")
def sail(places: dict[str, str]) -> Iterator[Sail]:
    main = sys.modules["__main__"]
    if not hasattr(
        main, "__file__"
    ):  # a worker of xdist: pyspark would take it for a run of its own doctests
        main.__file__ = __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # pyspark on the pandas of the lock
        with Sail.over(places) as engine:
            yield engine


def register() -> pa.Table:
    return pa.table({"outlet": list(OUTLETS), "grp": list(GROUPS.values()), "water": list(OUTLETS.values())})


def calendar() -> pa.Table:
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days)]
    return pa.table(
        {
            "day": [(day - EPOCH).days for day in days],
            "month": [(day.replace(day=1) - EPOCH).days for day in days],
            "february": [day.month == 2 for day in days],
        }
    )


BY = ("by_outlet", "by_group", "by_factor", "by_day", "by_cause")
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"rates {n}": ("rates", {**SPAN, **EVERY, **dict(zip(BY, by, strict=True)), "every": every})
        for n, (*by, every) in enumerate(
            (
                (True, False, True, False, False, True), (False, True, False, False, False, False),
                (True, False, False, True, True, False), (False, False, False, False, False, True),
                (False, True, True, True, False, True), (True, False, True, False, True, True),
                (False, False, False, False, True, True),
            )
        )
    },
    "extremes": ("extremes", {**SPAN, **EVERY, "by_day": False}),
    "extremes of days": ("extremes", {**SPAN, **EVERY, "by_day": True}),
    "latest": ("latest", {**SPAN, **EVERY}),
    "versions": ("versions", {**SPAN, **EVERY, "late_us": 2 * 86_400_000_000}),
    "lost hours": ("lost_hours", {**SPAN, "outlet": next(iter(OUTLETS)), "factor": "", "cause": ""}),
    "lost hours of one": ("lost_hours", {**SPAN, "outlet": next(iter(OUTLETS)), "factor": "a21026", "cause": "fault"}),
    "days": ("days", {**SPAN, "min_valid_hours": LAW.min_valid_hours, "min_water_share": LAW.min_water_share}),
    "months": ("months", {**SPAN, "min_valid_days": LAW.min_valid_days, "min_valid_days_february": LAW.min_valid_days_february,
                          "min_water_month_share": LAW.min_water_month_share}),
}  # fmt: skip


def tables_for(name: str, *, some: bool) -> dict[str, pa.Table]:
    if name in ("latest", "versions", "lost_hours"):
        return {}
    known = register().slice(0, 4) if some else register()
    return {"register": known} | ({"calendar": calendar()} if name == "months" else {})


def answer(case: str, engine: Engine) -> list[Row]:
    name, params = CASES[case]
    found = run(name, engine, tables=tables_for(name, some=params.get("every") is False), **params)
    rows: list[Row] = found.to_pylist()
    return rows


def assert_same(found: list[Row], expected: list[Row]) -> None:
    """Row by row, in order; whole numbers and texts to the letter, sums of doubles but for the order of adding."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for key, said in other.items():
            if isinstance(said, float) and isinstance(one[key], float):
                assert math.isclose(one[key], said, rel_tol=1e-12, abs_tol=1e-12), (key, one, other)
            else:
                assert (one[key], type(one[key])) == (said, type(said)), (key, one, other)


@pytest.mark.parametrize("case", CASES)
def test_both_engines_say_the_same(case: str, duck: Duck, sail: Sail) -> None:
    found = answer(case, duck)
    assert found, "a case without rows compares nothing"
    assert_same(answer(case, sail), found)


def test_every_query_has_a_case_and_every_file_a_name() -> None:
    assert {name for name, _ in CASES.values()} == set(NAMES)
    folder = files("mingcha.store.telemetry.queries")
    assert sorted(f"{name}.sql" for name in NAMES) == sorted(
        f.name for f in folder.iterdir() if f.name.endswith(".sql")
    )
    assert all(text_of(name).startswith("-- ") for name in NAMES)


# What plain Python says.


def counted(rows: list[Row]) -> Row:
    due = [r for r in rows if r["due"]]
    received = [r for r in due if r["received"]]
    first = [
        r["first"] or ("valid" if not r["cause"] else "received" if r["received"] else "lost") for r in due
    ]
    return {
        "hours": len(rows), "due": len(due), "received": len(received), "valid": sum(not r["cause"] for r in received),
        "first_received": sum(f in ("valid", "received") for f in first), "first_valid": first.count("valid"),
        "own_downtime": sum(r["cause"] == Cause.OWN_DOWNTIME for r in due),
    }  # fmt: skip


def grouped(params: Row) -> list[Row]:
    wanted = IN_USE if params["every"] else [r for r in IN_USE if r["outlet"] in list(OUTLETS)[:4]]
    held: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for r in wanted:
        parts = (r["outlet"], GROUPS[r["outlet"]], r["factor"], day_number(r["start"]), r["cause"])
        held[tuple(part if params[by] else None for by, part in zip(BY, parts, strict=True))].append(r)
    names = ("outlet", "grp", "factor", "day", "cause")
    return [dict(zip(names, key, strict=True)) | counted(rows) for key, rows in sorted(held.items())]


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("rates")])
def test_counts_are_those_of_plain_python(case: str, duck: Duck) -> None:
    assert_same(answer(case, duck), grouped(CASES[case][1]))


def test_days_are_those_of_the_statistics(duck: Duck) -> None:
    assert_same(answer("days", duck), DAYS)
    assert {row["mean"] is None for row in DAYS} == {True, False}
    assert any(row["partial"] for row in DAYS)


def test_months_are_those_of_the_statistics(duck: Duck) -> None:
    held: dict[tuple[str, str, date], list[MonthDay]] = defaultdict(list)
    for r in DAYS:
        month = (EPOCH + timedelta(days=r["day"])).replace(day=1)
        day = MonthDay(r["running_hours"] > 0, r["mean"], r["converted"], r["total"])
        held[r["outlet"], r["factor"], month].append(day)
    expected = []
    for (outlet, factor, month), days in sorted(held.items()):
        stat = water_month(days, LAW) if OUTLETS[outlet] else gas_month(days, month=month, law=LAW)
        expected.append(
            {"outlet": outlet, "factor": factor, "month": (month - EPOCH).days, "valid_days": stat.valid_days,
             "due_days": stat.due_days, "mean": stat.mean, "converted": stat.converted, "total": stat.total,
             "minimum": stat.minimum, "maximum": stat.maximum}
        )  # fmt: skip
    assert_same(answer("months", duck), expected)
    assert {row["mean"] is None for row in expected} == {True, False}


def test_extremes_are_those_of_plain_python(duck: Duck) -> None:
    held: dict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for r in IN_USE:
        held[r["outlet"], r["factor"], day_number(r["start"])].append(r)
    found = {(r["outlet"], r["factor"], r["day"]): r for r in answer("extremes of days", duck)}
    assert found.keys() == held.keys()
    for key, rows in held.items():
        normal = [r for r in rows if r["code"] == "N"]
        means = [(r["mean"], r["start"]) for r in normal if r["mean"] is not None]
        one = found[key]
        assert (one["hours"], one["valid"]) == (len(rows), len(means))
        assert (one["minimum"], one["maximum"]) == ((min(means)[0], max(means)[0]) if means else (None, None))
        peak = min((s for m, s in means if m == max(means)[0]), default=None)
        assert one["maximum_at"] == (None if peak is None else int(peak.timestamp()))
        totals = [r["total"] for r in normal if r["total"] is not None]
        assert (one["total"] is None) == (not totals)
        assert not totals or math.isclose(one["total"], math.fsum(totals), rel_tol=1e-12, abs_tol=1e-12)


def test_the_latest_hour_is_the_newest_in_use(duck: Duck) -> None:
    newest: dict[tuple[str, str], Row] = {}
    for r in sorted(IN_USE, key=lambda r: r["start"]):
        newest[r["outlet"], r["factor"]] = r
    found = {(r["outlet"], r["factor"]): r for r in answer("latest", duck)}
    assert found.keys() == newest.keys()
    for key, r in newest.items():
        expected = (int(r["start"].timestamp()), r["code"], r["cause"], r["mean"], r["version"])
        assert tuple(found[key][n] for n in ("start_s", "code", "cause", "mean", "version")) == expected


def test_versions_are_counted(duck: Duck) -> None:
    inside = [r for r in ROWS if START <= r["start"] < END]
    for found in answer("versions", duck):
        rows = [r for r in inside if (r["outlet"], r["factor"]) == (found["outlet"], found["factor"])]
        late = [r for r in rows if r["at"] - r["start"] > timedelta(days=2)]
        assert found["corrected"] == found["superseded"] == sum(r["version"] == 2 for r in rows) > 0
        assert found["late_versions"] == len(late)
        assert found["hours"] == len(rows) - found["superseded"]


def test_lost_hours_are_listed_newest_first(duck: Duck) -> None:
    rows = [r for r in IN_USE if r["outlet"] == next(iter(OUTLETS)) and r["cause"]]
    rows.sort(key=lambda r: (-r["start"].timestamp(), r["factor"]))
    found = answer("lost hours", duck)
    assert [(r["factor"], r["start_s"], r["cause"], r["first_edition"]) for r in found] == [
        (r["factor"], int(r["start"].timestamp()), r["cause"], r["first"]) for r in rows
    ]


# Wrong use.


def test_a_query_says_which_parameters_it_expects(duck: Duck) -> None:
    with pytest.raises(BadInput, match="expected exactly"):
        run("latest", duck, start=START, end=END)
    with pytest.raises(BadInput, match="no query 'sums'"):
        run("sums", duck)
    with pytest.raises(BadInput, match="no time zone"):
        run("latest", duck, **EVERY, start=START.replace(tzinfo=None), end=END)


def test_the_days_of_the_test_cross_what_is_awkward() -> None:
    assert day_number(datetime(2028, 2, 28, 16, tzinfo=UTC)) - (date(2028, 2, 29) - EPOCH).days == 0
    assert START.astimezone(BEIJING).hour == 0
