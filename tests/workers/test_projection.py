"""Journal to readings, with a real journal and a real store."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mingcha.core.clock import format_digits, to_epoch
from mingcha.core.spans import Span
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, Entry, Journal, JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers.projection import Projector

MN = "010000A8900016F000169DC0"
START = datetime(2026, 3, 1, tzinfo=UTC)


def frame(moment: datetime, value: str, *, mn: str = MN) -> bytes:
    return hj212.encode(
        edition="2017", qn=format_digits(moment, milliseconds=True), st="31", cn="2051", pw="123456", mn=mn, flag=5,
        cp=f"DataTime={format_digits(moment)};a21026-Avg={value},a21026-Flag=N",
    )  # fmt: skip


def entry(
    raw: bytes, *, verdict: str = "accepted", direction: Direction = Direction.IN, mn: str = MN
) -> Entry:
    return Entry(direction, to_epoch(START) * 1_000_000, "127.0.0.1:1#1", mn, verdict, raw)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def projector(folder: Path, seen: list[tuple[str, int]] | None = None) -> tuple[Projector, Telemetry]:
    telemetry = Telemetry(folder / "readings.sqlite3")
    found = [] if seen is None else seen
    return (
        Projector(JournalReader(folder / "journal"), telemetry, lambda mn, at, ref, n: found.append((mn, n))),
        telemetry,
    )


def values(telemetry: Telemetry) -> list[float]:
    span = Span(START, START + timedelta(days=1))
    return telemetry.series(f"{MN}/31", "2051", "a21026", span, field="Avg").values.tolist()


def test_accepted_frames_become_readings_that_lead_back_to_their_frame(
    journal: Journal, tmp_path: Path
) -> None:
    raw = [frame(START + timedelta(minutes=10 * n), f"{n}.50") for n in range(3)]
    refs = journal.append([entry(one) for one in raw])
    project, telemetry = projector(tmp_path)
    assert project.step() == 3
    assert values(telemetry) == [0.5, 1.5, 2.5]
    series = telemetry.series(
        f"{MN}/31", "2051", "a21026", Span(START, START + timedelta(days=1)), field="Avg"
    )
    assert list(series.refs) == refs
    assert [JournalReader(tmp_path / "journal").read(ref).raw for ref in series.refs] == raw


def test_rejected_own_and_quarantined_bytes_give_no_readings(journal: Journal, tmp_path: Path) -> None:
    good = frame(START, "7.0")
    journal.append([
        entry(good, verdict="rejected:crc"),
        entry(good, direction=Direction.OUT),
        entry(frame(START, "8.0", mn="X1"), verdict="quarantine", mn="X1"),
        entry(frame(START, "8.0", mn="X1"), verdict="quarantine:qn_format", mn="X1"),
    ])  # fmt: skip
    seen: list[tuple[str, int]] = []
    project, telemetry = projector(tmp_path, seen)
    assert project.step() == 4
    assert values(telemetry) == []
    assert seen == [("X1", 2)]


def test_a_restarted_projector_goes_on_where_it_was(journal: Journal, tmp_path: Path) -> None:
    journal.append([entry(frame(START, "1.0"))])
    projector(tmp_path)[0].step()
    journal.append([entry(frame(START + timedelta(minutes=10), "2.0"))])
    again, telemetry = projector(tmp_path)
    assert again.step() == 1
    assert again.step() == 0
    assert values(telemetry) == [1.0, 2.0]


def test_batches_of_any_size_give_the_same_readings(journal: Journal, tmp_path: Path) -> None:
    for n in range(7):
        journal.append([entry(frame(START + timedelta(minutes=10 * (n % 4)), f"{n}.0"))])
    digests = []
    for size in (1, 3, 100):
        telemetry = Telemetry(tmp_path / f"readings-{size}.sqlite3")
        project = Projector(JournalReader(tmp_path / "journal"), telemetry)
        while project.step(size):
            pass
        digests.append(telemetry.digest())
    assert digests[0] == digests[1] == digests[2]
