"""A station let in later, and settings dated back: its kept frames count, and a rebuild agrees."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.people import MN, People
from tests.workers.station import AT, NOX, START, TEN, Station, frame

from mingcha.apps.devices import selectors as devices
from mingcha.apps.devices import services
from mingcha.apps.registry.models import Datalogger
from mingcha.core.clock import to_us
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.protocol.hj212 import Decoding, Dialect, encode
from mingcha.store.journal import Direction, Entry, Journal, JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers import jobs, queue
from mingcha.workers.projecting import reading_now
from mingcha.workers.projection import Projector, Reading, project_again
from mingcha.workers.worker import newcomer_seen

STRANGER = "A" * 24
DAY = timedelta(days=1)


def entry(raw: bytes, received: datetime, verdict: str, mn: str = STRANGER) -> Entry:
    return Entry(Direction.IN, to_us(received), "c", mn, verdict, raw)


@dataclass
class Store:
    folder: Path
    name: str = "live"

    def __post_init__(self) -> None:
        self.telemetry = Telemetry(self.folder / f"{self.name}.sqlite3")
        self.reader = JournalReader(self.folder / "journal")

    def project(self, reading: Reading, *, limit: int = 4000) -> None:
        projector = Projector(self.reader, self.telemetry, reading=lambda: reading, hold_us=0)
        while projector.step(limit):
            pass

    def values(self, mn: str = STRANGER, factor: str = NOX) -> list[float]:
        span = Span(START - DAY, START + 2 * DAY)
        return self.telemetry.series(f"{mn}/31", "2051", factor, span, field="Avg").values.tolist()

    def digest(self) -> str:
        return self.telemetry.digest()["readings"]

    def latest(self) -> object:
        return [(one.point, one.factor, one.time, one.fields) for one in self.telemetry.latest()]


def rebuilt(folder: Path, reading: Reading) -> Store:
    fresh = Store(folder, "fresh")
    fresh.project(reading)
    return fresh


def moments(count: int) -> list[datetime]:
    return [START + n * TEN for n in range(count)]


def test_frames_of_a_station_let_in_later_take_their_place_in_the_order_of_reception(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        waiting = [
            entry(frame(STRANGER, at, {NOX: 10 + n}), at + TEN, "quarantine")
            for n, at in enumerate(moments(4))
        ]
        resent = entry(frame(STRANGER, START, {NOX: 10}), START + 50 * TEN, "accepted")
        changed = entry(frame(STRANGER, START + TEN, {NOX: 99}), START + 51 * TEN, "accepted")
        journal.append([*waiting, resent, changed])
    live, nobody = Store(tmp_path), Reading()
    live.project(nobody)
    assert live.values() == [10, 99]
    adopted = Reading(adopted={STRANGER: (START,)})
    assert project_again(live.reader, live.telemetry, STRANGER, START, adopted) == 6
    assert live.values() == [10, 99, 12, 13]
    fresh = rebuilt(tmp_path, adopted)
    assert (live.digest(), live.latest()) == (fresh.digest(), fresh.latest())
    assert live.telemetry.history(f"{STRANGER}/31", "2051", START + TEN, NOX)[0].text == "11"


def test_reading_again_twice_changes_nothing_and_other_stations_stay(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        journal.append([entry(frame(STRANGER, at, {NOX: 1}), at + TEN, "accepted") for at in moments(6)])
        journal.append([entry(frame(MN, at, {NOX: 2}), at + TEN, "accepted", MN) for at in moments(6)])
    live = Store(tmp_path)
    live.project(Reading())
    before = live.digest(), live.latest()
    for start in (START - DAY, START + 3 * TEN, START + DAY):
        project_again(live.reader, live.telemetry, STRANGER, start, Reading())
        assert (live.digest(), live.latest()) == before


def test_only_what_came_since_the_moment_is_counted(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        journal.append([entry(frame(STRANGER, at, {NOX: 3}), at, "quarantine") for at in moments(5)])
    live, reading = Store(tmp_path), Reading(adopted={STRANGER: (START + 2 * TEN,)})
    live.project(Reading())
    project_again(live.reader, live.telemetry, STRANGER, START, reading)
    assert len(live.values()) == 3
    assert live.digest() == rebuilt(tmp_path, reading).digest()


def test_a_frame_refused_for_its_crc_counts_from_the_day_its_dialect_was_set(tmp_path: Path) -> None:
    def with_crc_of_modbus(raw: bytes) -> bytes:
        from mingcha.protocol.hj212.crc import modbus

        crc = modbus(raw[6:-6])
        return raw[:-6] + f"{crc & 0xFF:02X}{crc >> 8:02X}".encode() + b"\r\n"

    raws = [with_crc_of_modbus(frame(STRANGER, at, {NOX: 4})) for at in moments(4)]
    with Journal(tmp_path / "journal") as journal:
        journal.append([
            entry(raw, at, "rejected:crc_modbus_low_first") for raw, at in zip(raws, moments(4), strict=True)
        ])  # fmt: skip
        journal.append([entry(raws[3], START + DAY, "rejected:pw_wrong")])
    dialect = Decoding(Dialect(crc=frozenset({"modbus_low_first"})))
    reading = Reading(lambda mn, at: dialect if at >= START + 2 * TEN else Decoding())
    live = Store(tmp_path)
    live.project(Reading())
    assert live.values() == []
    project_again(live.reader, live.telemetry, STRANGER, START, reading)
    assert live.values() == [4, 4]
    assert live.digest() == rebuilt(tmp_path, reading).digest()


@pytest.mark.parametrize("limit", [1, 3, 4000])
def test_a_station_that_changes_between_gateways_is_read_in_the_order_of_reception(
    limit: int, tmp_path: Path
) -> None:
    with Journal(tmp_path / "journal", gateway="g0") as g0, Journal(tmp_path / "journal", gateway="g1") as g1:
        for n in range(12):
            which = g0 if n % 3 else g1
            which.append([entry(frame(MN, START, {NOX: n // 2}), START + n * TEN, "accepted", MN)])
    found = Store(tmp_path, f"by{limit}")
    found.project(Reading(), limit=limit)
    assert found.values(MN) == [5]
    assert [one.text for one in found.telemetry.history(f"{MN}/31", "2051", START, NOX)] == list("012345")
    assert found.telemetry.positions() == {
        "g0": FrameRef("g0-20261117", 8, 0),
        "g1": FrameRef("g1-20261117", 4, 0),
    }


@pytest.mark.django_db
def test_adopting_from_the_records_projects_what_was_kept(
    region: People, gas: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mingcha.site import data

    monkeypatch.setattr(data, "readings_file", lambda: gas.folder / "readings.sqlite3")
    monkeypatch.setattr(data, "journal_reader", lambda: gas.reader)
    gas.journal.append([entry(frame(STRANGER, at, {NOX: 7}), at + TEN, "quarantine") for at in moments(5)])
    gas.projector.reading = reading_now
    while gas.projector.step():
        pass
    outlet = Datalogger.objects.get(mn=MN).outlet
    found = services.quarantine_seen(mn=STRANGER, at=START, ref="g0-20261117/1/0", frames=5)
    services.quarantine_adopt(
        quarantine=found,
        outlet=outlet,
        st="31",
        edition="2017",
        counts_from=START,
        replaces=True,
        by=None,
        at=AT,
    )
    while jobs.dispatch():
        queue.drain()
    assert devices.rewalks_waiting() == []
    live = Store(gas.folder, "readings")
    assert live.values() == [7] * 5
    assert live.digest() == rebuilt(gas.folder, reading_now()).digest()


@pytest.mark.django_db
def test_a_registration_without_mn_can_be_looked_into(gas: Station) -> None:
    cp = "i23005-Info=HW-1;i23006-Info=CPU-1"
    raw = encode(
        edition="2025", qn="20261117000000000", st="31", cn="1001", pw="123456", mn="", flag=9, cp=cp
    )
    [ref] = gas.journal.append([entry(raw, START, "quarantine", "")])
    gas.projector.on_newcomer = newcomer_seen
    while gas.projector.step():
        pass
    found = services.registration_seen(hardware="HW-1", detail={"i23006": "CPU-1"}, at=START)
    assert (found.refs, found.last_ref, found.frames) == ([str(ref)], str(ref), 1)
