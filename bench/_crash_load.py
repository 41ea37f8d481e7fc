"""Simulated loggers that keep what was not acknowledged and send it again, as the standard asks; they note every 9014.

Each station sends live values and ten-minute records of a past that runs much faster than time, so that hours
close and are judged while parts are killed. Live frames name another factor than records do and run ahead of them:
hours are computed from live values first, and withdrawn when records come that do not have the factor. No two frames
of a station share kind and DataTime.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mingcha.core.clock import format_digits
from mingcha.protocol import hj212

LIVE, RECORD = "2011", "2051"
FACTOR, LIVE_FACTOR = "a21002", "a21026"
FACTORS = {LIVE: LIVE_FACTOR, RECORD: FACTOR}
START = datetime(2026, 9, 1, 16, tzinfo=UTC)  # midnight in Beijing
BEAT_S = 0.05  # a burst of live frames; every second carries a record too
LIVE_A_BURST, BURSTS_A_RECORD = 3, 2
LIVE_AHEAD, LIVE_STEP = timedelta(hours=2), timedelta(seconds=100)  # as fast as the records
RISEN_HOURS, PERIOD_HOURS = (1, 4), 12  # hours in which NOx is over its limit, again and again
ANSWER_S = 3.0
RETRY_S = 0.02

Key = tuple[str, datetime]  # kind and DataTime


@dataclass
class Logger:
    """One station. ``sent``, ``acked``: value by kind and DataTime. ``waiting``: frames not acknowledged, by QN."""

    number: int
    port: int
    sent: dict[Key, str] = field(default_factory=dict)
    acked: set[Key] = field(default_factory=set)
    waiting: dict[str, tuple[Key, bytes]] = field(default_factory=dict)
    resent: int = 0
    connections: int = 0
    _live: int = 0
    _records: int = 0
    _bursts: int = 0

    @property
    def mn(self) -> str:
        return f"{self.number:024X}"

    async def run(self, enough: asyncio.Event) -> None:
        """Send until ``enough``, then until everything is acknowledged."""
        while not enough.is_set() or self.waiting:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(RETRY_S)
                continue
            self.connections += 1
            try:
                await self._talk(reader, writer, enough)
            except (OSError, TimeoutError):
                pass  # killed: what was not acknowledged is sent again on the next connection
            finally:
                writer.close()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, enough: asyncio.Event
    ) -> None:
        splitter = hj212.Splitter()
        self.resent += len(self.waiting)
        writer.write(b"".join(raw for _, raw in self.waiting.values()))
        while True:
            async with asyncio.timeout(ANSWER_S):
                while self.waiting:
                    data = await reader.read(65536)
                    if not data:
                        return
                    self._hear(splitter.receive(data))
            if enough.is_set():
                return
            await asyncio.sleep(BEAT_S)
            writer.write(b"".join(self._burst()))

    def _hear(self, events: list[hj212.Event]) -> None:
        for event in events:
            if isinstance(event, hj212.Frame):
                message = hj212.decode(event)
                if message.cn == "9014" and message.qn in self.waiting:
                    self.acked.add(self.waiting.pop(message.qn)[0])

    def _burst(self) -> list[bytes]:
        self._bursts += 1
        out = [self._live_frame() for _ in range(LIVE_A_BURST)]
        return [*out, self._record_frame()] if self._bursts % BURSTS_A_RECORD == 0 else out

    def _live_frame(self) -> bytes:
        self._live += 1
        moment = START + LIVE_AHEAD + self._live * LIVE_STEP
        value = f"{self._live}.25"
        return self._frame(LIVE, moment, value, f"{LIVE_FACTOR}-Rtd={value},{LIVE_FACTOR}-Flag=N")

    def _record_frame(self) -> bytes:
        moment = START + self._records * timedelta(minutes=10)
        risen = RISEN_HOURS[0] <= (self._records // 6 + self.number) % PERIOD_HOURS < RISEN_HOURS[1]
        value = f"{(70 if risen else 30) + self._records % 7}.5"
        self._records += 1
        return self._frame(
            RECORD, moment, value, f"{FACTOR}-Avg={value},{FACTOR}-Flag=N;a19001-Avg=6.0,a19001-Flag=N"
        )

    def _frame(self, kind: str, moment: datetime, value: str, items: str) -> bytes:
        qn = format_digits(moment + timedelta(milliseconds=500 if kind == RECORD else 0), milliseconds=True)
        raw = hj212.encode(
            edition="2017", qn=qn, st="31", cn=kind, pw="123456", mn=self.mn, flag=5,
            cp=f"DataTime={format_digits(moment)};{items}",
        )  # fmt: skip
        self.sent[kind, moment] = value
        self.waiting[qn] = ((kind, moment), raw)
        return raw
