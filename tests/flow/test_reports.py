"""Reports of R-75-13: a day by hand, a month of a water outlet by hand, and every figure against plain arithmetic."""

import math
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from mingcha.core.aggregates import DayValue, HourCode, HourValue, MonthValue
from mingcha.core.causes import Cause
from mingcha.core.clock import day_start
from mingcha.core.facts import Limit, Medium, OutletFacts, PointSpan, Setting
from mingcha.flow.report_periods import WRITTEN, Kind, Period, period_at, period_of
from mingcha.flow.report_values import Report, State, content
from mingcha.flow.reports import amount_unit, report, tally
from mingcha.store.telemetry import Telemetry

NOX, O2, FLOW, COD, WATER = "a21002", "a19001", "a00000", "w01018", "w00000"
KEY = "913100000000000001/DA001"
DAY = date(2026, 3, 10)
START = day_start(DAY)
HOUR = timedelta(hours=1)


def limit(factor: str, value: str, averaging: str = "hour", o2: str | None = None, unit: str = "mg/m3", start: date = date(2020, 1, 1)) -> Limit:  # fmt: skip
    return Limit(
        factor, Decimal(value), unit, averaging, "许可证", "表1", start, None, Decimal(o2) if o2 else None
    )


def gas(*limits: Limit, connected: datetime = datetime(2020, 1, 1, tzinfo=UTC)) -> OutletFacts:
    settings = (Setting(NOX, "mg/m3"), Setting(O2, "%"), Setting(FLOW, "m3/h"))
    return OutletFacts(KEY, "1#", Medium.GAS, "shanghai", (PointSpan("MN/31", connected),), limits, settings)


def water(*limits: Limit) -> OutletFacts:
    points = (PointSpan("MN/32", datetime(2020, 1, 1, tzinfo=UTC)),)
    return OutletFacts(
        KEY, "1#", Medium.WATER, "shanghai", points, limits, (Setting(COD, "mg/L"), Setting(WATER, "L/s"))
    )


@pytest.fixture
def store(tmp_path: Path) -> Telemetry:
    return Telemetry(tmp_path / "readings.sqlite3")


def nox(n: int, mean: float | None, converted: float | None = None, total: float | None = None, **more: object) -> HourValue:  # fmt: skip
    code = HourCode(str(more.pop("code", "N")))
    minutes = int(str(more.pop("minutes", 60)))
    return HourValue(
        KEY, NOX, START + n * HOUR, code, minutes, mean, converted=converted, total=total, **more
    )  # type: ignore[arg-type]  # the fields of a row are mixed


def test_a_day_by_hand(store: Telemetry) -> None:
    """Four valid hours, one calibrated, one stopped, the others not computed; limit 100 at 6 % oxygen."""
    store.write_hours(
        [
            nox(0, 40.0, 50.0, 0.4), nox(1, 80.0, 100.0, 0.8), nox(2, 80.1, 100.04, 0.9), nox(3, 20.0, 25.0, 0.1, minutes=45),
            nox(4, None, code="C", minutes=15, cause="calibration", total=9.9), nox(5, None, code="F", minutes=0, due=False, cause="stopped"),
        ],
        at=START + 6 * HOUR,
    )  # fmt: skip
    store.write_days([DayValue(KEY, NOX, START, 4, 23, None, None, 2.2, partial=True)], at=START + 25 * HOUR)
    found = report(store, gas(limit(NOX, "100", o2="6")), Period(Kind.DAY, DAY), START + 6 * HOUR)
    column = found.columns[0]
    assert (column.factor, column.unit, column.decimals, column.total_unit) == (NOX, "mg/m3", 1, "kg")
    assert (column.measured.maximum, column.measured.minimum, column.measured.count) == (80.1, 20.0, 4)
    assert column.measured.mean == 55.025  # (40 + 80 + 80.1 + 20) / 4
    assert (column.converted.maximum, column.converted.mean) == (100.04, 68.76)
    assert column.total == 2.2  # 0.4 + 0.8 + 0.9 + 0.1: the 9.9 of the calibrated hour is not counted
    assert (column.over, column.judged) == (1, 4)  # 100 meets 100; 100.04 shows as 100.0 and is above
    assert column.whole is not None
    assert (column.whole.measured, column.whole.count, column.whole.of) == (None, 4, 23)
    cells = [row.cells[0] for row in found.rows]
    assert [(cell.code, cell.count, cell.cause) for cell in cells[3:7]] == [
        ("N", 45, ""), ("C", 15, "calibration"), ("F", 0, "stopped"), ("", 0, ""),
    ]  # fmt: skip
    assert [row.name for row in found.rows] == [f"{n:02d}" for n in range(24)]
    assert [row.state for row in found.rows[5:8]] == ["over", "running", "future"]
    assert found.state is State.RUNNING
    assert found.missing == 12  # of oxygen and flow nothing was computed in the six hours that are over


def test_a_month_of_water_by_hand(store: Telemetry) -> None:
    """COD: 44.0 (of 500 m³: 22 kg), 30.0 (100 m³: 3 kg), one day with too few results; its lost hours name the cause."""
    first = day_start(date(2026, 2, 1))
    days = [
        DayValue(KEY, COD, first, 24, 24, 44.0, total=22.0),
        DayValue(KEY, COD, first + 24 * HOUR, 20, 24, 30.0, total=3.0),
        DayValue(KEY, COD, first + 48 * HOUR, 2, 24, None, total=0.5),
    ]
    store.write_days(days, at=first + 72 * HOUR)
    lost = [("D", Cause.FAULT)] * 15 + [("Md", Cause.NO_FRAME)] * 7 + [("N", "")] * 2
    store.write_hours(
        [
            HourValue(
                KEY, COD, first + (48 + n) * HOUR, HourCode(code), 0, 12.0 + n if code == "N" else None, cause=str(cause)
            )
            for n, (code, cause) in enumerate(lost)
        ],
        at=first + 72 * HOUR,
    )  # fmt: skip
    store.write_months([MonthValue(KEY, COD, first, 2, 28, None, total=25.5)], at=first + timedelta(days=29))
    facts = water(limit(COD, "40", "day", unit="mg/L"), limit(COD, "30", "hour", unit="mg/L"))
    found = report(store, facts, Period(Kind.MONTH, date(2026, 2, 1)), first + timedelta(days=40))
    column = found.columns[0]
    assert len(found.rows) == 28
    assert (column.measured.mean, column.measured.count) == (37.0, 2)
    assert column.total == 25.5
    assert [one.value for one in column.limits] == [Decimal(40)]
    assert (column.over, column.judged) == (1, 2)
    assert column.whole is not None
    assert (column.whole.measured, column.whole.total) == (None, 25.5)
    third = found.rows[2].cells[0]
    assert (third.cause, third.count, third.of) == ("fault", 2, 24)
    assert third.tally.codes == (("D", 15), ("Md", 7), ("N", 2))
    assert (third.minimum, third.maximum) == (34.0, 35.0)
    assert found.state is State.COMPLETE
    assert not column.has_converted


def test_a_quarter_sums_months_and_no_clause_averages_it(store: Telemetry) -> None:
    starts = [day_start(date(2026, month, 1)) for month in (1, 2, 3)]
    months = [MonthValue(KEY, NOX, start, 25, 28, mean, mean * 2, total, 1.0, 90.0)
              for start, mean, total in zip(starts, (10.0, 20.0, 60.0), (100.0, 200.0, 300.5), strict=True)]  # fmt: skip
    store.write_months(months, at=START)
    found = report(
        store, gas(limit(NOX, "1")), Period(Kind.QUARTER, date(2026, 1, 1)), day_start(date(2026, 4, 1))
    )
    column = found.columns[0]
    assert (column.total, column.measured.mean, column.converted.maximum) == (600.5, 30.0, 120.0)
    assert (column.whole, column.limits, column.judged) == (None, (), 0)
    assert [row.name for row in found.rows] == ["2026-01", "2026-02", "2026-03"]
    assert found.state is State.PROVISIONAL  # over, but noon of the next day has not come


def test_before_the_first_cut_a_day_is_provisional(store: Telemetry) -> None:
    states = [
        report(store, gas(), Period(Kind.DAY, DAY), START + hours * HOUR).state for hours in (23, 24, 35, 36)
    ]
    assert states == [State.RUNNING, State.PROVISIONAL, State.PROVISIONAL, State.COMPLETE]


def test_as_of_shows_what_was_known_then_and_the_digest_tells(store: Telemetry) -> None:
    store.write_hours([nox(0, 40.0)], at=START + 2 * HOUR)
    store.write_hours([nox(0, 41.0)], at=START + 50 * HOUR)
    period, now = Period(Kind.DAY, DAY), START + 60 * HOUR
    then = report(store, gas(), period, now, as_of=START + 3 * HOUR)
    today = report(store, gas(), period, now)
    assert (then.rows[0].cells[0].measured, today.rows[0].cells[0].measured) == (40.0, 41.0)
    assert then.state is State.RUNNING  # at that moment the day was not over
    assert then.digest != today.digest
    assert report(store, gas(), period, now + HOUR).digest == today.digest


def test_what_lies_before_the_first_logger_is_not_missing(store: Telemetry) -> None:
    facts = gas(connected=START + 10 * HOUR)
    found = report(store, facts, Period(Kind.DAY, DAY), START + 24 * HOUR)
    assert {cell.cause for row in found.rows[:10] for cell in row.cells} == {"not_connected"}
    assert found.missing == 14 * 3
    assert found.empty


def test_a_limit_in_another_unit_is_not_compared(store: Telemetry) -> None:
    store.write_hours([nox(0, 40.0)], at=START)
    found = report(store, gas(limit(NOX, "1", unit="ppm")), Period(Kind.DAY, DAY), START + HOUR)
    assert found.rows[0].cells[0].over is None
    assert found.columns[0].judged == 0


@pytest.mark.parametrize(
    ("facts", "factor", "unit", "amount"),
    [(gas(), FLOW, "m3/s", "m3"), (gas(), NOX, "mg/m³", "kg"), (water(), COD, "mg/L", "kg"), (water(), WATER, "L/s", "m3")],
)  # fmt: skip
def test_amounts_have_the_unit_of_what_is_summed(
    facts: OutletFacts, factor: str, unit: str, amount: str
) -> None:
    assert amount_unit(facts, factor, unit) == amount


# --- periods ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_every_period_reads_back_and_its_rows_fill_it(kind: Kind) -> None:
    day = date(2023, 11, 1)
    while day < date(2024, 4, 10):
        period = period_at(kind, day)
        rows = period.rows()
        assert period_of(kind, period.text) == period
        assert rows[0].start == period.span.start
        assert rows[-1].end == period.span.end
        assert all(a.end == b.start for a, b in pairwise(rows))
        assert period.first <= day <= period.last
        assert period.moved(1).moved(-1) == period
        assert period.moved(1).first == period.last + timedelta(days=1)
        day += timedelta(days=1)


def test_a_leap_february_has_29_rows_and_a_day_24() -> None:
    assert len(period_of(Kind.MONTH, "2024-02").rows()) == 29
    assert len(period_of(Kind.DAY, "2024-02-29").rows()) == 24
    assert len(period_of(Kind.YEAR, "2024").rows()) == 12


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "text", ["", "x", "2026-13", "2026-Q5", "2026-Q0", "2026-02-30", "20261123", "1999", "1999-01", "2026-q1", "２０２６"]
)  # fmt: skip
def test_what_is_no_period_is_refused_with_an_example(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError, match=WRITTEN[kind]):
        period_of(kind, text)


# --- the slow twin ----------------------------------------------------------------------------------


def made(chance: random.Random) -> list[HourValue]:
    out = []
    for factor in (NOX, O2, FLOW):
        for n in range(24):
            if chance.random() < 0.1:
                continue
            cause = "" if chance.random() < 0.7 else chance.choice(list(Cause)).value
            code = HourCode.NORMAL if not cause else chance.choice(list(HourCode)[1:])
            mean = round(chance.uniform(0, 120), 4) if not cause else None
            converted = mean * 1.25 if mean is not None and factor == NOX and chance.random() < 0.9 else None
            total = round(chance.uniform(0, 9), 4) if chance.random() < 0.9 else None
            minutes = chance.randint(45, 60) if not cause else chance.randint(0, 44)
            out.append(HourValue(KEY, factor, START + n * HOUR, code, minutes, mean, converted=converted, total=total, cause=cause))  # fmt: skip
    return out


def plain(hours: list[HourValue], factor: str, bound: Decimal) -> dict[str, object]:
    """The foot of one factor, one value at a time, in fractions."""
    means: list[Fraction] = []
    total, sums, over, judged = Fraction(0), 0, 0, 0
    for hour in hours:
        if hour.factor != factor:
            continue
        if hour.mean is not None:
            means.append(Fraction(hour.mean))
            if hour.total is not None:
                total, sums = total + Fraction(hour.total), sums + 1
        if factor == NOX and hour.converted is not None:
            judged += 1
            over += Fraction(repr(hour.converted)) > Fraction(str(bound))
    return {"count": len(means), "max": max(means, default=None), "min": min(means, default=None),
            "mean": sum(means) / len(means) if means else None, "total": total if sums else None, "over": over, "judged": judged}  # fmt: skip


def close(ours: float | None, theirs: object) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return math.isclose(ours, float(theirs), rel_tol=1e-12, abs_tol=1e-12)  # type: ignore[arg-type]  # a Fraction


@pytest.mark.parametrize("seed", range(25))
def test_every_figure_is_that_of_plain_arithmetic(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    hours, bound = made(chance), Decimal(str(round(chance.uniform(20, 140), 2)))
    telemetry = Telemetry(tmp_path / "readings.sqlite3")
    telemetry.write_hours(hours, at=START + 24 * HOUR)
    found: Report = report(
        telemetry, gas(limit(NOX, str(bound), o2="6")), Period(Kind.DAY, DAY), START + 48 * HOUR
    )
    for column in found.columns:
        want = plain(hours, column.factor, bound)
        assert column.measured.count == want["count"]
        assert close(column.measured.maximum, want["max"])
        assert close(column.measured.minimum, want["min"])
        assert close(column.measured.mean, want["mean"])
        assert close(column.total, want["total"])
        assert (column.over, column.judged) == (want["over"], want["judged"])
    assert found.missing == 72 - len(hours)
    causes = {(hour.factor, hour.start): hour.cause for hour in hours}
    for row in found.rows:
        for column, cell in zip(found.columns, row.cells, strict=True):
            assert cell.cause == causes.get((column.factor, row.span.start), "")
    assert content(found)["rows"][0]["cells"][0]["known"] in {True, False}


def test_a_tally_counts_all_hours_and_takes_extremes_of_valid_ones_only() -> None:
    found = tally(
        ["N", "N", "C", "N", "D", "D"],
        ["", "", "calibration", "", "fault", "fault"],
        [3.0, 7.0, 99.0, math.nan, 1.0, 1.0],
    )
    assert found.codes == (("N", 3), ("D", 2), ("C", 1))
    assert found.causes == (("fault", 2), ("calibration", 1))
    assert (found.minimum, found.maximum) == (3.0, 7.0)
