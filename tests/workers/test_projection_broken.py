"""Evidence that does not fit its hashes: nothing behind it is projected, what else there is goes on."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.workers.station import START, TEN, entry, frame

from mingcha.core.errors import BrokenEvidence
from mingcha.core.spans import Span
from mingcha.store.journal import Journal, JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers import projection
from mingcha.workers.projection import Projector

MN, OTHER = "0100000000000000000000A1", "0100000000000000000000B2"


def journalled(folder: Path, gateway: str, mn: str, blocks: int) -> None:
    with Journal(folder, gateway=gateway) as journal:
        for n in range(blocks):
            moment = START + n * TEN
            journal.append([entry(mn, frame(mn, moment, {"a21002": float(n)}), moment + TEN)])


def flip(folder: Path, gateway: str, block: int) -> bytes:
    """Change one byte inside a block; give the payload as it was."""
    [path] = folder.glob(f"{gateway}-*.sqlite3")
    with closing(sqlite3.connect(path)) as db:
        before = bytes(db.execute("SELECT payload FROM blocks WHERE seq = ?", (block,)).fetchone()[0])
        put(path, block, before[:-1] + bytes([before[-1] ^ 1]))
    return before


def put(path: Path, block: int, payload: bytes) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript("".join(f"DROP TRIGGER {name};" for (name,) in triggers(db)))
        db.execute("UPDATE blocks SET payload = ? WHERE seq = ?", (payload, block))
        db.commit()


def triggers(db: sqlite3.Connection) -> list[tuple[str]]:
    return db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()


def count(telemetry: Telemetry, mn: str) -> int:
    return len(telemetry.series(f"{mn}/31", "2051", "a21002", Span(START, START + 100 * TEN), field="Avg"))


@pytest.fixture
def broken(tmp_path: Path) -> tuple[Projector, Telemetry, bytes]:
    journalled(tmp_path / "journal", "g0", MN, 5)
    journalled(tmp_path / "journal", "g1", OTHER, 5)
    before = flip(tmp_path / "journal", "g0", 3)
    telemetry = Telemetry(tmp_path / "readings.sqlite3")
    return Projector(JournalReader(tmp_path / "journal"), telemetry), telemetry, before


def test_what_stands_before_it_and_the_other_gateways_are_projected(
    broken: tuple[Projector, Telemetry, bytes],
) -> None:
    projector, telemetry, _ = broken
    assert projector.step() == 7
    assert (count(telemetry, MN), count(telemetry, OTHER)) == (2, 5)
    assert isinstance(projector.broken["g0"], BrokenEvidence)


def test_it_neither_spins_nor_skips(broken: tuple[Projector, Telemetry, bytes]) -> None:
    projector, telemetry, _ = broken
    projector.step()
    assert [projector.step() for _ in range(3)] == [0, 0, 0]
    assert count(telemetry, MN) == 2
    assert telemetry.positions()["g0"].block == 2


def test_mended_evidence_is_projected_to_its_end(
    broken: tuple[Projector, Telemetry, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection, "RETRY_S", 0.0)
    projector, telemetry, before = broken
    projector.step()
    [path] = (tmp_path / "journal").glob("g0-*.sqlite3")
    put(path, 3, before)
    assert projector.step() == 3
    assert count(telemetry, MN) == 5
    assert projector.broken == {}
