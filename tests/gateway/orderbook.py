"""A queue of orders in memory, with the states a command has in the records; a gateway that reads it; a logger's answers."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rig import MN, MN_2005, PW, QUICK, Peer, Rig, frame, known

from mingcha.core.clock import now
from mingcha.core.refs import FrameRef
from mingcha.gateway import Gateway, Policy, Station
from mingcha.gateway.commit import Appends
from mingcha.gateway.host import Asked, Conduct, Order, Report
from mingcha.protocol import hj212
from mingcha.store.journal import Entry, Journal, JournalFailed

OTHER = "010000A8900016F000169DC1"
NEW = "010000A8900016F000169DC9"
CONDUCT = Conduct(poll_s=0.03, retry_s=0.1, contact_look_s=0.1, result_s=0.4, control_s=0.8, exchange_s=3.0)
POLICY = Policy(set_time=False, overtime_s=0.2, recount=2)


class Book:
    """Implements ``gateway.host.Orders``. ``away``: every call fails, as when the database is locked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.queued: list[Order] = []
        self.state: dict[str, str] = {}
        self.states: dict[str, list[str]] = {}
        self.qns: dict[str, str] = {}
        self.last: dict[str, Report] = {}
        self.asked: list[Asked] = []
        self.begun = 0
        self.away = False
        self.calls: list[str] = []

    def ask(
        self,
        mn: str,
        command: str,
        *,
        hardware: str = "",
        st: str = "",
        within_s: float = 60.0,
        **values: Any,
    ) -> str:
        with self.lock:
            name = str(len(self.state) + 1)
            expires = now() + timedelta(seconds=within_s)
            self.queued.append(Order(name, mn, command, values, expires, st, hardware))
            self._move(name, "queued")
        return name

    def cancel(self, name: str) -> None:
        with self.lock:
            self.queued = [order for order in self.queued if order.id != name]
            self._move(name, "cancelled")

    def _move(self, name: str, state: str) -> None:
        self.state[name] = state
        self.states.setdefault(name, []).append(state)

    def _called(self, what: str) -> None:
        self.calls.append(f"{what} in {threading.current_thread().name.partition('_')[0]}")
        if self.away:
            raise OSError("the database is away")

    def begin(self) -> None:
        self._called("begin")
        with self.lock:
            self.begun += 1
            for name, state in self.state.items():
                if state in {"sent", "accepted", "running"}:
                    self._move(name, "timed_out")

    def waiting(self) -> list[Order]:
        self._called("waiting")
        with self.lock:
            return list(self.queued)

    def take(self, orders: Sequence[tuple[Order, str]]) -> set[str]:
        self._called("take")
        with self.lock:
            found = {order.id for order, _ in orders if self.state[order.id] == "queued"}
            for order, qn in orders:
                if order.id in found:
                    self._move(order.id, "sent")
                    self.qns[order.id] = qn
            self.queued = [order for order in self.queued if order.id not in found]
            return found

    def report(self, reports: Sequence[Report]) -> None:
        self._called("report")
        with self.lock:
            for report in reports:
                self._move(report.id, report.state)
                self.last[report.id] = report
                self.queued = [order for order in self.queued if order.id != report.id]

    def heard(self, asked: Sequence[Asked]) -> None:
        self._called("heard")
        with self.lock:
            self.asked += asked


def answer_to(asked: hj212.Message, cn: str, cp: str = "", *, mn: str | None = None) -> bytes:
    """A reply of the logger (9011, 9012, 9013) to a request, in its edition."""
    edition = asked.edition or "2017"
    name = asked.mn if mn is None else mn
    if edition == "2005":
        text = ";".join(part for part in (f"QN={asked.qn}", cp) if part)
        return hj212.encode(edition="2005", qn="", st="91", cn=cn, pw=PW, mn=name, flag=None, cp=text)
    bits = hj212.editions.version_bits(edition)
    return hj212.encode(edition=edition, qn=asked.qn, st="91", cn=cn, pw=PW, mn=name, flag=bits, cp=cp)


def data_of(asked: hj212.Message, cp: str, *, cn: str = "", qn: str = "") -> bytes:
    """A data frame of the answer; with the QN of the request unless it has its own."""
    edition = asked.edition or "2017"
    flag = None if edition == "2005" else hj212.editions.version_bits(edition)
    return hj212.encode(
        edition=edition,
        qn=qn or asked.qn,
        st=asked.st,
        cn=cn or asked.cn,
        pw=PW,
        mn=asked.mn,
        flag=flag,
        cp=cp,
    )


async def obey(peer: Peer, asked: hj212.Message, *data: bytes, code: str = "1") -> None:
    """Accept a request, send the data, close it."""
    await peer.send(
        answer_to(asked, "9011", "QnRtn=1") + b"".join(data) + answer_to(asked, "9012", f"ExeRtn={code}")
    )


class HeldJournal:
    """A real journal. After ``hold`` its commits wait until ``release`` is set; while ``full`` they fail."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.release, self.reached = threading.Event(), threading.Event()
        self.release.set()
        self.full = False

    def hold(self) -> None:
        self.reached.clear()
        self.release.clear()

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]:
        self.reached.set()
        assert self.release.wait(10)
        if self.full:
            raise JournalFailed("database or disk is full")
        return self.journal.append(entries)


@dataclass
class Scene:
    rig: Rig
    book: Book

    async def peer(self, *, mn: str = MN, edition: str = "2017", st: str = "31") -> Peer:
        """A logger that has said something."""
        peer = await self.rig.peer()
        await peer.ask(frame(mn=mn, edition=edition, st=st))
        return peer

    async def state(self, name: str, state: str) -> None:
        try:
            await self.rig.settled(lambda: self.book.state[name] == state)
        except TimeoutError:
            raise AssertionError(f"{name} is {self.book.states[name]}, expected {state}") from None


@asynccontextmanager
async def scene(
    folder: Path,
    book: Book | None = None,
    *,
    stations: Any = None,
    policy: Policy = POLICY,
    conduct: Conduct = CONDUCT,
    caps: Any = QUICK,
    journal: Appends | None = None,
) -> AsyncIterator[Scene]:
    register = stations or known(
        Station(MN, PW, "a", ("31",)), Station(OTHER, PW, "b"), Station(MN_2005, PW, "c")
    )
    found = book or Book()
    with Journal(folder / "journal") if journal is None else nullcontext(journal) as kept:
        gateway = Gateway(
            kept, register, caps=caps, policy=policy, folder=folder, orders=found, conduct=conduct,
            on_event=lambda name, fields: rig.events.append((name, fields)),
        )  # fmt: skip
        rig = Rig(gateway, await gateway.start(), folder, [])
        try:
            yield Scene(rig, found)
        finally:
            await gateway.stop()
