"""Random histories: frames in any order, late and twice, refused and readable, marks and settings that come and go, days
sealed in between. Whatever happened on the way, what is in use is what computing all anew from the journal gives.
"""

import os
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.people import MN, People
from tests.workers.station import AT, HOUR, NOX, START, TEN, Station, entry, frame

from mingcha.apps.marking.models import ACCEPTED, SUBMITTED, WITHDRAWN, Mark
from mingcha.apps.registry.models import Instrument
from mingcha.core.clock import to_us
from mingcha.core.spans import Span
from mingcha.store.journal import Direction, Entry
from mingcha.workers.jobs import restate_touched
from mingcha.workers.rebuilding import rebuild

EXAMPLES = max(4, int(os.environ.get("MINGCHA_FUZZ") or 0) // 300)
DAYS = 3
FLOW = "a00000"
ITEMS = ("stop", "calibration", "maintenance", "fault", "communication")
STEPS = (
    "frames",
    "frames",
    "frames",
    "refused",
    "mark",
    "withdraw",
    "setting",
    "wait",
    "work",
    "work",
    "seal",
)


@contextmanager
def station(folder: Path) -> Iterator[Station]:
    """A new data folder; what is written to the records is rolled back."""
    with transaction.atomic():
        made = Station(folder, MN)
        try:
            yield made
        finally:
            made.journal.close()
            made.telemetry.close()
            transaction.set_rollback(True)


class History:
    """One outlet to which things happen; each changes the records and says so, as the services do."""

    def __init__(self, live: Station, people: People, seed: int) -> None:
        self.live, self.people, self.chance = live, people, random.Random(seed)
        self.now = START + self.chance.uniform(1, 30) * HOUR
        self.sealed = 0

    def moment(self) -> datetime:
        """A ten-minute step of the past of the first days."""
        last = min(self.now, START + DAYS * 24 * HOUR)
        return START + self.chance.randrange(max(int((last - START) / TEN), 1)) * TEN

    def frames(self) -> None:
        start, count = self.moment(), self.chance.choice([1, 6, 6, 40])
        values = {NOX: round(self.chance.uniform(10, 90), 1), "a19001": 6.0, FLOW: 3.0}
        flag, cn = self.chance.choice("NNNNDCFB"), self.chance.choice(["2051", "2051", "2061"])
        found = [
            entry(
                MN, frame(MN, start + n * (TEN if cn == "2051" else HOUR), values, flag=flag, cn=cn), self.now
            )
            for n in range(count)
        ]
        self.live.journal.append(found * self.chance.choice([1, 1, 2]))

    def refused(self) -> None:
        raw = frame(MN, self.moment(), {NOX: 30.0})
        verdict = self.chance.choice(["rejected:crc", "quarantine"])
        self.live.journal.append([Entry(Direction.IN, to_us(self.now), "127.0.0.1:1#1", MN, verdict, raw)])

    def mark(self) -> None:
        start = self.moment()
        end = start + self.chance.choice([1, 2, 9, 60]) * TEN
        late = self.chance.random() < 0.3
        Mark.objects.create(
            outlet=self.people.outlet, factor=self.chance.choice(["", NOX]), start=start, end=end,
            item=self.chance.choice(ITEMS), reason="试验", author=self.people.persons["discharger_admin"], submitted_at=self.now, late=late,
            state=ACCEPTED if late else SUBMITTED, **({"decided_at": self.now} if late else {}),
        )  # fmt: skip
        self.changed(start, end, "mark")

    def withdraw(self) -> None:
        held = Mark.objects.exclude(state=WITHDRAWN).order_by("id").first()
        if held is not None:
            Mark.objects.filter(pk=held.pk).update(state=WITHDRAWN)
            self.changed(held.start, held.end, "mark")

    def setting(self) -> None:
        start = self.moment()
        unit = self.chance.choice(["m3/s", "m3/h"])
        Instrument.objects.filter(outlet=self.people.outlet, factor=FLOW, removed_at=None).update(
            removed_at=start
        )
        Instrument.objects.create(outlet=self.people.outlet, factor=FLOW, unit=unit, installed_at=start)
        self.changed(START - HOUR, None, "setting")

    def changed(self, start: datetime, end: datetime | None, reason: str) -> None:
        detail = {"outlet": self.people.outlet.key, "start": start, "end": end, "reason": reason}
        restate_touched.func("", detail)

    def wait(self) -> None:
        self.now += self.chance.choice([0.2, 3, 26]) * HOUR

    def work(self) -> None:
        self.live.run(self.now)

    def seal(self) -> None:
        seal = getattr(self.live.telemetry, "seal", None)
        if seal is not None:
            seal(self.now - timedelta(days=1))
            self.sealed += 1


@pytest.mark.usefixtures("region")
@settings(
    max_examples=EXAMPLES, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(st.sampled_from(STEPS), min_size=4, max_size=18), st.integers(0, 2**32))
def test_whatever_happened_what_is_in_use_is_what_the_journal_and_the_register_give(
    region: People, monkeypatch: pytest.MonkeyPatch, steps: list[str], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as name, station(Path(name)) as live:
        monkeypatch.setenv("MINGCHA_DATA", name)
        history = History(live, region, seed)
        for step in steps:
            getattr(history, step)()
            history.now += timedelta(seconds=history.chance.randrange(600))
        history.now = max(history.now, AT) if history.chance.random() < 0.2 else history.now
        done = rebuild(
            Path(name, "journal"), Path(name, "readings.sqlite3"), history.now, lambda _: None, keep=False
        )
        assert done.skipped == {}
        assert done.before == done.after
        assert live.telemetry.digest() == done.before
        ever = Span(START - 40 * HOUR, history.now)
        assert [*live.telemetry.hours(region.outlet.key, ever)] == sorted(
            live.telemetry.hours(region.outlet.key, ever), key=lambda h: (h.start, h.factor)
        )
