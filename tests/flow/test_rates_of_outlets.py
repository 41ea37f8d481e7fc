"""Rates over a store: what plain counting says, by every division, and the same the wide way."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.causes import NOT_DUE, NOT_RECEIVED, NOT_VALID, Cause
from mingcha.core.clock import beijing_day
from mingcha.core.errors import BadInput
from mingcha.core.spans import Span
from mingcha.flow import rates
from mingcha.stats.rates import Counts, Edition, Rates
from mingcha.store.telemetry import Telemetry

START = datetime(2026, 3, 30, 16, tzinfo=UTC)  # 31 March in Beijing: an edge of months lies inside
SPAN = Span(START, START + timedelta(days=4))
A, B, C = "91310001/DA001", "91310001/DA002", "91320002/DW001"
FACTORS = ("a21026", "a34013")
GROUPS = {A: "310000", B: "310000", C: "320000"}


def hour(
    outlet: str, factor: str, start: datetime, cause: str = "", first: str = "", mean: float | None = 5.0
) -> HourValue:
    usual = {"": HourCode.NORMAL, Cause.STOPPED: HourCode.STOPPED, Cause.FAULT: HourCode.FAULT}
    code = usual.get(cause, HourCode.NO_DATA)
    valid = code is HourCode.NORMAL
    return HourValue(
        outlet, factor, start, code, 60 if valid else 0, mean if valid else None, converted=mean if valid else None,
        total=1.0 if valid else None, due=cause not in NOT_DUE, received=cause not in NOT_RECEIVED, cause=cause, first=first,
    )  # fmt: skip


def made() -> list[HourValue]:
    chance = random.Random(2)
    found = []
    for outlet in GROUPS:
        for factor in FACTORS:
            for start in SPAN.steps(timedelta(hours=1)):
                cause = "" if chance.random() < 0.7 else chance.choice(list(Cause)).value
                first = chance.choice(["", "valid", "received", "lost"])
                found.append(hour(outlet, factor, start, cause, first, chance.uniform(1, 9)))
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Telemetry:
    telemetry = Telemetry(tmp_path_factory.mktemp("rates") / "readings.sqlite3")
    first = [hour(v.outlet, v.factor, v.start, Cause.NO_FRAME) for v in made()[:40]]
    telemetry.write_hours(first, at=SPAN.end)
    telemetry.write_hours(made(), at=SPAN.end + timedelta(days=1))
    return telemetry


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """No question is small."""
    monkeypatch.setattr(rates, "FEW_OUTLET_HOURS", -1)


def plain(hours: list[HourValue]) -> tuple[int, int, int]:
    due = [h for h in hours if h.due]
    return len(due), sum(h.received for h in due), sum(h.received and h.cause == "" for h in due)


def test_the_example_of_the_domain_document(tmp_path: Path) -> None:
    """R-TR: 4 factors, 24 h, no stop: due 96, received 94, valid 90 → 97.92 %, 95.74 %, 93.75 %."""
    telemetry = Telemetry(tmp_path / "readings.sqlite3")
    causes = [Cause.NO_FRAME] * 2 + [Cause.FAULT] * 4 + [""] * 90
    day = Span(START, START + timedelta(days=1))
    keys = [(factor, start) for factor in "abcd" for start in day.steps(timedelta(hours=1))]
    telemetry.write_hours([hour(A, f, s, c) for (f, s), c in zip(keys, causes, strict=True)], at=day.end)
    (row,) = rates.rates_of(telemetry, [A], day)
    assert (row.counts.due, row.counts.received, row.counts.valid) == (96, 94, 90)
    assert row.rates() == Rates(Decimal("97.92"), Decimal("95.74"), Decimal("93.75"))
    assert row.causes == {"fault": 4, "no_frame": 2}
    assert row.lost == 6


def test_counts_of_an_outlet_are_those_of_its_hours(store: Telemetry) -> None:
    rows = rates.rates_of(store, [B, A], SPAN)
    assert [row.outlet for row in rows] == [A, B]
    for row in rows:
        hours = [h for h in made() if h.outlet == row.outlet]
        assert (row.counts.due, row.counts.received, row.counts.valid) == plain(hours)
        assert row.hours == len(hours)
        assert row.causes == Counter(h.cause for h in hours if h.cause)
        assert row.own_downtime == row.causes[Cause.OWN_DOWNTIME]
        assert list(row.causes.values()) == sorted(row.causes.values(), reverse=True)


def test_groups_sum_counts_and_never_average_rates(store: Telemetry) -> None:
    rows = {row.group: row for row in rates.rates_of(store, list(GROUPS), SPAN, by=("group",), groups=GROUPS)}
    each = {row.outlet: row.counts for row in rates.rates_of(store, list(GROUPS), SPAN)}
    assert rows["310000"].counts == each[A] + each[B]
    assert rows["320000"].counts == each[C]


def test_an_hour_without_a_first_cut_counts_there_as_it_is_known_now() -> None:
    assert rates.counts_of(hour(A, "a", START)) == Counts(1, 1, 1, 1, 1)
    assert rates.counts_of(hour(A, "a", START, Cause.FAULT)) == Counts(1, 1, 0, 1, 0)
    assert rates.counts_of(hour(A, "a", START, Cause.OWN_DOWNTIME)) == Counts(1, 0, 0, 0, 0, 1)
    assert rates.counts_of(hour(A, "a", START, first="lost")) == Counts(1, 1, 1, 0, 0)
    assert rates.counts_of(hour(A, "a", START, Cause.STOPPED, first="valid")) == Counts()


def test_the_first_edition_differs_from_the_complete_one(store: Telemetry) -> None:
    (row,) = rates.rates_of(store, [A], SPAN)
    assert row.rates(edition=Edition.FIRST) != row.rates()


def test_nothing_due_has_no_rates(tmp_path: Path) -> None:
    telemetry = Telemetry(tmp_path / "readings.sqlite3")
    telemetry.write_hours([hour(A, "a", START, Cause.STOPPED)], at=SPAN.end)
    (row,) = rates.rates_of(telemetry, [A], SPAN)
    assert row.rates() == Rates(None, None, None)
    assert (row.counts, row.hours, row.lost, row.causes) == (Counts(), 1, 0, {"stopped": 1})


DIVISIONS = [
    ("outlet",),
    ("factor",),
    ("group", "factor"),
    ("day",),
    ("month",),
    ("group", "month"),
    ("outlet", "factor", "day"),
    (),
]


@pytest.mark.parametrize("by", DIVISIONS)
def test_both_ways_give_the_same_rows(
    by: tuple[str, ...], store: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = rates.rates_of(store, [A, B], SPAN, by=by, groups=GROUPS)
    monkeypatch.setattr(rates, "FEW_OUTLET_HOURS", -1)
    assert rates.rates_of(store, [A, B], SPAN, by=by, groups=GROUPS) == few
    monkeypatch.setattr(rates, "FEW_OUTLETS", -1)  # month by month
    assert rates.rates_of(store, [A, B], SPAN, by=by, groups=GROUPS) == few
    assert sum(row.hours for row in few) == 2 * len(FACTORS) * 96


def test_all_outlets_are_counted_where_none_are_named(store: Telemetry) -> None:
    named = rates.rates_of(store, list(GROUPS), SPAN, by=("outlet", "factor"))
    assert rates.rates_of(store, None, SPAN, by=("outlet", "factor")) == named


def test_days_and_months_are_those_of_beijing(store: Telemetry) -> None:
    months = rates.rates_of(store, [A], SPAN, by=("month",))
    assert [(row.month, row.hours) for row in months] == [
        (date(2026, 3, 1), 24 * len(FACTORS)), (date(2026, 4, 1), 72 * len(FACTORS)),
    ]  # fmt: skip


@pytest.mark.parametrize("way", ["few", "wide"])
def test_lost_hours_say_which_and_why(way: str, store: Telemetry, request: pytest.FixtureRequest) -> None:
    if way == "wide":
        request.getfixturevalue("wide")
    lost = rates.lost_hours(store, A, SPAN)
    expected = [h for h in made() if h.outlet == A and h.cause]
    expected.sort(key=lambda h: (-h.start.timestamp(), h.factor))
    assert [(h.factor, h.start, h.cause, h.first, h.code) for h in lost] == [
        (h.factor, h.start, h.cause, h.first, h.code) for h in expected
    ]
    again = [h for h in lost if h.version == 2]
    assert 0 < len(again) < len(lost)
    assert {h.at for h in again} == {SPAN.end + timedelta(days=1)}
    assert rates.lost_hours(store, A, SPAN, limit=3) == lost[:3]
    chosen = rates.lost_hours(store, A, SPAN, factor="a21026", cause="fault")
    assert chosen == [h for h in lost if (h.factor, h.cause) == ("a21026", "fault")] != []


def test_completeness_has_every_day_and_a_cell_where_there_are_hours(store: Telemetry) -> None:
    whole = Span(SPAN.start - timedelta(days=1), SPAN.end)
    found = rates.completeness(store, A, whole)
    assert len(found.days) == 5
    assert found.factors == list(FACTORS)
    assert (found.days[0], "a21026") not in found.cells
    for (day, factor), cell in found.cells.items():
        hours = [h for h in made() if (h.outlet, h.factor, beijing_day(h.start)) == (A, factor, day)]
        due, received, valid = plain(hours)
        assert (cell.counts.due, cell.counts.received, cell.counts.valid) == (due, received, valid)
        assert cell.share == (valid / due if due else None)
    assert rates.completeness(store, A, Span(START, START)).days == []


@pytest.mark.parametrize("daily", [False, True])
def test_outlets_are_compared_by_their_valid_hours(
    daily: bool, store: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = rates.compare(store, [B, A], "a21026", SPAN, daily=daily)
    assert [row.outlet for row in few] == ([A] * 4 + [B] * 4 if daily else [A, B])
    for row in few:
        days = {row.day} if daily else {beijing_day(h.start) for h in made()}
        hours = [
            h
            for h in made()
            if (h.outlet, h.factor) == (row.outlet, "a21026") and beijing_day(h.start) in days
        ]
        means = [(h.mean, h.start) for h in hours if h.mean is not None]
        assert (row.hours, row.valid, row.total) == (len(hours), len(means), float(len(means)))
        assert (row.maximum, row.maximum_at) == max(means)
        assert row.mean == pytest.approx(sum(m for m, _ in means) / len(means), rel=1e-12)
    monkeypatch.setattr(rates, "FEW_OUTLET_HOURS", -1)
    wide = rates.compare(store, [B, A], "a21026", SPAN, daily=daily)
    assert [(r.outlet, r.day, r.hours, r.valid, r.maximum_at) for r in wide] == [
        (r.outlet, r.day, r.hours, r.valid, r.maximum_at) for r in few
    ]
    for one, other in zip(wide, few, strict=True):
        assert (one.mean, one.converted) == pytest.approx((other.mean, other.converted), rel=1e-12)


def test_wrong_divisions_are_named(store: Telemetry) -> None:
    with pytest.raises(BadInput, match="expected some of outlet"):
        rates.rates_of(store, [A], SPAN, by=("hour",))
    with pytest.raises(BadInput, match="need the group"):
        rates.rates_of(store, [A], SPAN, by=("group",))


def test_every_cause_belongs_to_one_family() -> None:
    assert sorted([*NOT_DUE, *NOT_RECEIVED, *NOT_VALID]) == sorted(Cause)
