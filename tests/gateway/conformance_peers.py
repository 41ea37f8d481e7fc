"""Peers for the conformance tests: our simulator and our gateway, with a meddler on the line that makes them faulty."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from rig import running

from mingcha.core.clock import now
from mingcha.core.packets import MINUTE
from mingcha.gateway import Policy, Station
from mingcha.gateway.conformance import Run, Runner, Settings
from mingcha.gateway.simulator import fleet
from mingcha.gateway.simulator.datalogger import DataLogger
from mingcha.gateway.simulator.history import Outlet
from mingcha.protocol import hj212

Change = Callable[[bytes], list[bytes]]  # one frame to what passes in its place
QUICK = {"timeout_s": 0.5, "result_s": 0.6, "wait_s": 3.0, "quiet_s": 0.2, "overtime_s": 1, "recount": 1}


class Meddler:
    """Passes frames both ways, changed by ``to_logger`` and ``to_host``."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.place = 0  # how many 1011 came before this one in the same segment
        self.to_host: Change = one
        self.to_logger: Change = one
        self.delay_s: Callable[[bytes], float] = lambda raw: 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._came, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _came(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """``reader``, ``writer``: of the side that connects, always the logger here."""
        peer_reader, peer_writer = await asyncio.open_connection("127.0.0.1", self.port)
        for source, sink, side in ((reader, peer_writer, "host"), (peer_reader, writer, "logger")):
            task = asyncio.create_task(self._pass(source, sink, side))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, side: str) -> None:
        splitter = hj212.Splitter()
        with suppress(ConnectionError):
            while data := await source.read(65536):
                place = 0
                for event in splitter.receive(data):
                    self.place, place = place, place + (b";CN=1011;" in segment(event.raw))
                    change = self.to_host if side == "host" else self.to_logger
                    for raw in change(event.raw):
                        await asyncio.sleep(self.delay_s(raw))
                        sink.write(raw)
        sink.close()


def one(raw: bytes) -> list[bytes]:
    return [raw]


def segment(raw: bytes) -> bytes:
    found = hj212.frame_of(raw)
    return found.segment if found is not None else b""


def replaced(old: bytes, new: bytes, *, only: Callable[[bytes], bool]) -> Change:
    """Frames whose segment ``only`` fits, rewritten with a right length and CRC."""

    def change(raw: bytes) -> list[bytes]:
        inner = segment(raw)
        return [hj212.wrap(inner.replace(old, new, 1))] if inner and only(inner) else [raw]

    return change


def dropped(only: Callable[[bytes], bool]) -> Change:
    return lambda raw: [] if only(segment(raw)) else [raw]


def outlet(edition: str, fault: str = "") -> Outlet:
    (made,) = fleet.outlets(1, edition=edition, seed=3, faults=[fault] if fault else [])
    return made


async def logger_run(
    edition: str, *, meddle: Callable[[Meddler], None] | None = None, fault: str = "",
    spice: Callable[[DataLogger], Any] | None = None, **changed: Any,
) -> Run:  # fmt: skip
    """Our simulated logger under test. ``spice``: called again and again while it runs."""
    runner = Runner(Settings("logger", **{**QUICK, **changed}), host="127.0.0.1", port=0, listen=True)
    async with runner.opened() as port:
        meddler = Meddler(port)
        if meddle is not None:
            meddle(meddler)
        async with meddler.open() as between:
            logger = DataLogger(
                outlet(edition, fault), host="127.0.0.1", port=port if meddle is None else between, interval_s=0.3,
                since=now() - timedelta(minutes=30),
            )  # fmt: skip
            tasks = [asyncio.create_task(logger.run()), asyncio.create_task(_spiced(logger, spice))]
            try:
                return await runner.play()
            finally:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task


async def _spiced(logger: DataLogger, spice: Callable[[DataLogger], Any] | None) -> None:
    while spice is not None:
        await asyncio.sleep(0.4)
        spice(logger)


def owes_minutes(logger: DataLogger) -> None:
    """A minute record of an hour and a half ago: kept until acknowledged, and a supplement."""
    start = now().replace(second=0, microsecond=0) - timedelta(minutes=90)
    start -= timedelta(minutes=start.minute % 10)
    code = "011" if logger.outlet.edition == "2005" else "w01018"
    logger.session.owe(
        MINUTE, start, lambda: [f"DataTime={hj212_time(start)};{code}-Avg=21.3,{code}-Flag=N"], due=start
    )


def hj212_time(moment: Any) -> str:
    from mingcha.core.clock import format_digits

    return format_digits(moment)


async def host_run(
    edition: str, folder: Path, *, meddle: Callable[[Meddler], None] | None = None, key: bytes | None = None,
    **changed: Any,
) -> Run:  # fmt: skip
    """Our own gateway under test."""
    mn = fleet.mn_of(1, edition, 5)
    decoding = hj212.Decoding(keys=(key,) if key else ())
    register = {mn: Station(mn, "123456", "outlet", decoding=decoding)}
    async with running(folder, register.get, policy=Policy(overtime_s=0.3, reset_after_s=0.1)) as rig:
        meddler = Meddler(rig.port)
        if meddle is not None:
            meddle(meddler)
        async with meddler.open() as between:
            settings = Settings(
                "host", edition=edition, mn=mn, password="123456", key=key, **{**QUICK, **changed}
            )
            runner = Runner(
                settings, host="127.0.0.1", port=rig.port if meddle is None else between, listen=False
            )
            async with runner.opened():
                return await runner.play()
