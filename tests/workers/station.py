"""A journal, a store and a restater around the outlets of ``tests/people.py``; frames made by hand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mingcha.core.clock import format_digits, to_us
from mingcha.core.refs import FrameRef
from mingcha.protocol import hj212
from mingcha.store.journal import Direction, Entry, Journal, JournalReader
from mingcha.store.telemetry import Telemetry
from mingcha.workers.projection import Projector
from mingcha.workers.restating import Restater

AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 10:30 Beijing
START = datetime(2026, 11, 16, 16, tzinfo=UTC)  # 2026-11-17 00:00 Beijing
TEN, HOUR = timedelta(minutes=10), timedelta(hours=1)
LATER = timedelta(hours=2)  # all of an hour is closed then
NOX, O2, VELOCITY = "a21002", "a19001", "a01011"
COD, FLOW = "w01018", "w00000"
Values = Mapping[str, float]


def frame(mn: str, moment: datetime, values: Values, *, flag: str = "N", cn: str = "2051") -> bytes:
    st = "32" if COD in values else "31"
    items = ";".join(f"{code}-Avg={value:g},{code}-Flag={flag}" for code, value in values.items())
    return hj212.encode(
        edition="2017", qn=format_digits(moment + TEN, milliseconds=True), st=st, cn=cn, pw="123456", mn=mn, flag=5,
        cp=f"DataTime={format_digits(moment)};{items}",
    )  # fmt: skip


def entry(mn: str, raw: bytes, received: datetime) -> Entry:
    return Entry(Direction.IN, to_us(received), "127.0.0.1:1#1", mn, "accepted", raw)


def stack(hours: int, *, seed: int = 5) -> list[dict[str, float]]:
    """Ten-minute means of a stack that runs well under its limit of 50 at 6 % oxygen."""
    rng = np.random.default_rng(seed)
    count = hours * 6
    columns = {
        NOX: np.round(rng.normal(30, 2, count), 1),
        O2: np.round(rng.normal(6, 0.2, count), 2),
        VELOCITY: np.round(rng.normal(11, 0.6, count), 2),
    }
    return [{code: float(column[n]) for code, column in columns.items()} for n in range(count)]


def risen(rows: Sequence[Values], first_hour: int, hours: int, scale: float) -> list[dict[str, float]]:
    """``rows`` with NOx ``scale`` times as high in some hours."""
    inside = range(first_hour * 6, (first_hour + hours) * 6)
    return [
        {**row, NOX: round(row[NOX] * scale, 1)} if n in inside else dict(row) for n, row in enumerate(rows)
    ]


def changed(rows: Sequence[Values], first_hour: int, hours: int, **values: float) -> list[dict[str, float]]:
    """``rows`` with values replaced in some hours."""
    inside = range(first_hour * 6, (first_hour + hours) * 6)
    return [{**row, **values} if n in inside else dict(row) for n, row in enumerate(rows)]


@dataclass
class Station:
    """``mn``: whose frames ``send`` makes."""

    folder: Path
    mn: str

    def __post_init__(self) -> None:
        self.journal = Journal(self.folder / "journal")
        self.reader = JournalReader(self.folder / "journal")
        self.telemetry = Telemetry(self.folder / "readings.sqlite3")
        self.projector = Projector(self.reader, self.telemetry)
        self.restater = Restater(self.telemetry)

    def send(
        self,
        rows: Iterable[Values],
        *,
        start: datetime = START,
        flag: str = "N",
        received: datetime | None = None,
    ) -> list[FrameRef]:
        """Journal one ten-minute frame a row; received when its interval ends, or all at ``received``."""
        moments = [(start + n * TEN, row) for n, row in enumerate(rows)]
        return self.journal.append(
            [
                entry(self.mn, frame(self.mn, moment, row, flag=flag), received or moment + TEN)
                for moment, row in moments
            ]
        )  # fmt: skip

    def run(self, now: datetime) -> None:
        """Project, restate, judge and screen until nothing is left."""
        while self.projector.step():
            pass
        self.restater.refresh(now)
        self.restater.close_silent(now)
        while self.restater.step(now):
            pass
