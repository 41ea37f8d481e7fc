"""Whatever the order in which frames come, and whenever hours are computed: what is in use is what a rebuild gives."""

import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.people import MN, People
from tests.workers.station import HOUR, NOX, O2, START, TEN, Station, entry

from mingcha.apps.disclosure.models import Snapshot
from mingcha.apps.findings.models import Finding
from mingcha.core.aggregates import HourCode
from mingcha.core.clock import format_digits
from mingcha.core.spans import Span
from mingcha.protocol import hj212
from mingcha.store.telemetry import Telemetry
from mingcha.workers.rebuilding import Rebuilt, rebuild

SO2, FLOW, DUST = "a21026", "a00000", "a34013"
FACTORS = (NOX, O2, SO2, FLOW, DUST)
FIELD = {"2011": "Rtd", "2051": "Avg", "2061": "Avg", "2031": "Avg"}
STEP = {"2011": TEN / 2, "2051": TEN, "2061": HOUR}
KINDS = ("2011", "2051", "2011", "2051", "2061", "2031")
HOURS = (0, 1, 22, 23, 24, 47)  # of the first two days: neighbours, and both ends of a day
EXAMPLES = max(40, int(os.environ.get("MINGCHA_FUZZ") or 0) // 100)
EVER = Span(START - 40 * 24 * HOUR, START + 400 * 24 * HOUR)


@dataclass(frozen=True)
class Sent:
    """One frame: ``values`` as text by factor; a revision is a second frame of the kind and moment."""

    kind: str
    moment: datetime
    values: tuple[tuple[str, str], ...]
    flag: str = "N"

    def raw(self) -> bytes:
        field = FIELD[self.kind]
        items = ";".join(f"{name}-{field}={text},{name}-Flag={self.flag}" for name, text in self.values)
        return hj212.encode(
            edition="2017", qn=format_digits(self.moment + TEN, milliseconds=True), st="31", cn=self.kind, pw="123456",
            mn=MN, flag=5, cp=f"DataTime={format_digits(self.moment)};{items}",
        )  # fmt: skip


@st.composite
def frames(draw: st.DrawFn) -> list[Sent]:
    """Frames in a few hours, each kind with factors of its own; some are revised or come twice."""
    sets = st.lists(st.sampled_from(FACTORS), min_size=1, max_size=3, unique=True)
    own = {kind: draw(sets) for kind in FIELD}
    texts = st.sampled_from(["7.5", "30", "90.25", "-"])
    out: list[Sent] = []
    for hour in draw(st.lists(st.sampled_from(HOURS), min_size=1, max_size=3, unique=True)):
        for kind in draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3)):
            for number in range(draw(st.sampled_from([1, 2, 6]))):
                moment = START + (
                    hour // 24 * 24 * HOUR if kind == "2031" else hour * HOUR + number * STEP[kind]
                )
                values = tuple((name, draw(texts)) for name in own[kind])
                out.append(Sent(kind, moment, values, draw(st.sampled_from("NNNNND"))))
    again = draw(st.lists(st.sampled_from(out), max_size=4))
    return [*out, *again]


@contextmanager
def station() -> Iterator[Station]:
    """A new data folder; what is written to the records is rolled back."""
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        made = Station(Path(folder), MN)
        try:
            yield made
        finally:
            made.journal.close()
            made.telemetry.close()
            transaction.set_rollback(True)


def hear(station: Station, sent: Sequence[Sent], now: datetime) -> None:
    station.journal.append([entry(MN, one.raw(), now) for one in sent])


def again(station: Station, now: datetime) -> Rebuilt:
    return rebuild(
        station.folder / "journal", station.folder / "readings.sqlite3", now, lambda _: None, keep=False
    )


@pytest.mark.usefixtures("region")
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)  # fmt: skip
@given(frames(), st.integers(0, 2**32), st.sampled_from([0.2, 2.0, 30.0, 300.0]), st.booleans())
def test_any_order_and_batches_with_restating_in_between_give_what_a_rebuild_gives(
    sent: list[Sent], seed: int, pause_hours: float, in_time: bool
) -> None:
    """``in_time``: the frames come about when they were measured, and hours close between them."""
    chance = random.Random(seed)
    chance.shuffle(sent)
    if in_time:
        sent.sort(key=lambda one: one.moment)
    now = START + chance.uniform(0, 12 if in_time else 80) * HOUR
    with station() as live:
        while sent:
            count = chance.choice([1, 2, 5, 20, len(sent)])
            hear(live, sent[:count], now)
            del sent[:count]
            if chance.random() < 0.8:
                live.run(now)
            if chance.random() < 0.3:
                live.restater = type(live.restater)(live.telemetry)  # a new process
            now += chance.uniform(0, pause_hours) * HOUR
        done = again(live, now)
        assert done.before == done.after
        assert live.telemetry.digest() == done.before


def live_only(hours: int, so2: str = "30") -> list[Sent]:
    return [
        Sent("2011", START + n * TEN / 2, ((NOX, "90"), (SO2, so2), (O2, "6"))) for n in range(hours * 12)
    ]


def minutes(hours: int, factors: Sequence[str]) -> list[Sent]:
    return [Sent("2051", START + n * TEN, tuple((name, "6") for name in factors)) for n in range(hours * 6)]


def test_a_factor_that_minute_records_do_not_have_is_withdrawn_and_history_shows_it(
    gas: Station, region: People
) -> None:
    now = START + 25 * HOUR
    hear(gas, live_only(2), now)
    gas.run(now)
    key = region.outlet.key
    [first, _] = gas.telemetry.hours(key, EVER, factor=SO2)
    assert first.mean == 30.0
    assert len(gas.telemetry.days(key, EVER, factor=SO2)) == 1
    hear(gas, minutes(2, [NOX, O2]), now + HOUR)
    gas.run(now + HOUR)
    assert gas.telemetry.hours(key, EVER, factor=SO2) == []  # nobody filed it, and it came no more
    assert gas.telemetry.days(key, EVER, factor=SO2) == []
    assert gas.telemetry.hours(key, EVER, factor=SO2, as_of=now)[0] == first
    versions = gas.telemetry.hour_versions(key, SO2, START)
    assert [(one.version, one.at, one.value) for one in versions] == [(1, now, first), (2, now + HOUR, None)]
    assert [one.value for one in gas.telemetry.day_versions(key, SO2, START)][1:] == [None]
    hear(gas, minutes(1, [SO2]), now + 2 * HOUR)
    gas.run(now + 2 * HOUR)
    back = gas.telemetry.hour_versions(key, SO2, START)[-1]
    assert back.version == 3
    assert back.value is not None
    assert (back.value.code, back.value.mean) == (HourCode.NORMAL, 6.0)
    assert again(gas, now + 2 * HOUR).same


def test_findings_and_pages_follow_a_withdrawn_hour(gas: Station, region: People) -> None:
    now = START + 2 * HOUR + timedelta(minutes=5)
    hear(gas, live_only(2), now)
    gas.run(now)
    assert [found.state for found in Finding.objects.filter(source="hj75.hour_limit")] == ["detected"]
    hear(gas, minutes(2, [O2, SO2]), now + TEN)
    gas.run(now + TEN)
    assert not [hour for hour in gas.telemetry.hours(region.outlet.key, EVER, factor=NOX) if hour.mean]
    assert [found.state for found in Finding.objects.filter(source="hj75.hour_limit")] == ["withdrawn"]
    pages = Snapshot.objects.filter(outlet=region.outlet).order_by("version")
    assert [page.why for page in pages] == ["hour", "revision"]
    assert again(gas, now + TEN).same


def test_a_day_with_daily_values_alone_has_hours_in_which_nothing_came(gas: Station, region: People) -> None:
    now = START + 10 * HOUR
    hear(gas, [Sent("2031", START, ((NOX, "30"),))], now)
    gas.run(now)
    gas.run(now + 20 * HOUR)
    hours = gas.telemetry.hours(region.outlet.key, EVER)
    assert {(hour.factor, hour.code, hour.cause) for hour in hours} == {(NOX, HourCode.NO_DATA, "no_frame")}
    assert len(hours) == 29
    assert again(gas, now + 20 * HOUR).same


def test_an_hour_that_is_not_over_has_no_value_though_something_came(gas: Station, region: People) -> None:
    now = START + 10 * HOUR + 2 * TEN
    hear(gas, [Sent("2051", START + 10 * HOUR, ((NOX, "30"),))], now)
    gas.run(now)
    hours = gas.telemetry.hours(region.outlet.key, EVER)
    assert {(hour.start, hour.cause) for hour in hours} == {(START + n * HOUR, "no_frame") for n in range(10)}
    assert again(gas, now).same
    gas.run(now + HOUR)
    assert {hour.start for hour in gas.telemetry.hours(region.outlet.key, EVER)} == {
        START + n * HOUR for n in range(11)
    }


def test_a_day_is_closed_however_long_the_worker_was_down(gas: Station, region: People) -> None:
    hear(gas, minutes(4, [NOX, O2]), START + 4 * HOUR)
    gas.run(START + 5 * HOUR)
    gas.restater = type(gas.restater)(gas.telemetry)
    now = START + 30 * 24 * HOUR
    gas.run(now)
    assert (
        len(gas.telemetry.hours(region.outlet.key, EVER, factor=NOX)) == 30 * 24 - 1
    )  # the last is not closed
    assert again(gas, now).same


def test_a_day_whose_readings_are_gone_has_no_values_in_use(gas: Station, region: People) -> None:
    """As when a station is projected anew under another setting."""
    now = START + 26 * HOUR
    hear(gas, minutes(3, [NOX, O2]), now)
    gas.run(now)
    assert len(gas.telemetry.hours(region.outlet.key, EVER, factor=NOX)) == 25
    gas.telemetry.project_again(MN, START, lambda first, positions: [])
    gas.run(now + HOUR)
    left = gas.telemetry.hours(region.outlet.key, EVER)  # of the day on which the platform was first heard
    assert {(hour.start, hour.cause) for hour in left} == {(START + n * HOUR, "no_frame") for n in (24, 25)}
    assert gas.telemetry.days(region.outlet.key, EVER) == []


def test_a_file_of_the_first_schema_is_raised_and_keeps_its_values(gas: Station, region: People) -> None:
    now = START + 26 * HOUR
    hear(gas, minutes(3, [NOX, O2]), now)
    gas.run(now)
    before = gas.telemetry.digest()
    with closing(sqlite3.connect(gas.telemetry.path)) as db:
        for table in ("sealed", "reopened", "touched", "losses", "restatements"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 1")
    raised = Telemetry(gas.telemetry.path)
    assert raised.digest() == before
    raised.close()
    with closing(sqlite3.connect(gas.telemetry.path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (3,)
