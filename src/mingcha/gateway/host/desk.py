"""Between the event loop and the queue: one thread reads orders, marks them, writes reports.

A queue that is away (its database is locked, or gone) costs no frame: reports wait, nothing new is begun, and the
tries grow further apart up to ``Conduct.retry_s``. Reports are bounded by the orders under way; what loggers ask for
by ``Conduct.asked_most``, of which the oldest goes.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog

from mingcha.core.clock import now
from mingcha.gateway.host.conduct import Conduct
from mingcha.gateway.host.orders import STOPPED, TIMED_OUT, Asked, Order, Orders, Report
from mingcha.protocol.hj212.exchanges import Exchange

log = structlog.get_logger("mingcha.gateway.host")

T = TypeVar("T")
Chosen = tuple[Order, Exchange]


class Carries(Protocol):
    """What the desk needs of the host."""

    def choose(self, waiting: Sequence[Order], at: datetime) -> list[Chosen]: ...

    def begin(self, order: Order, exchange: Exchange, *, taken: bool) -> None: ...


class Desk:
    """One loop task and one thread. Methods belong to the event loop."""

    def __init__(
        self, orders: Orders, host: Carries, conduct: Conduct, tell: Callable[[str, dict[str, Any]], None]
    ) -> None:
        self._orders = orders
        self._host = host
        self._conduct = conduct
        self._tell = tell
        self._reports: deque[Report] = deque()
        self._asked: deque[Asked] = deque(maxlen=conduct.asked_most)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="orders")
        self._task: asyncio.Task[None] | None = None
        self._begun = False
        self._failures = 0
        self.stopping = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._woken = asyncio.Event()
        self._task = loop.create_task(self._run())

    async def stop(self) -> None:
        """Let the step under way end, write what is left, and end; after ``flush_s`` without."""
        self.stopping = True
        if self._task is None:
            return
        self._woken.set()
        last = self._loop.create_task(self._last_words(self._task))
        await asyncio.wait({last}, timeout=self._conduct.flush_s)
        if not last.done():
            last.cancel()
        elif error := last.exception():
            self._failed(error)
        if self._reports:
            log.error("commands keep their state until the next start", reports=len(self._reports))
        self._task.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def report(self, report: Report) -> None:
        self._reports.append(report)
        self.wake()

    def ask(self, asked: Asked) -> None:
        self._asked.append(asked)
        self.wake()

    def wake(self) -> None:
        """Do not wait for the next poll."""
        if self._task is not None:
            self._woken.set()

    def counts(self) -> dict[str, int]:
        return {"reports_waiting": len(self._reports), "orders_failing": self._failures}

    # --- the task ----------------------------------------------------------------------------------

    async def _last_words(self, running: "asyncio.Task[None]") -> None:
        await running
        await self._write()

    async def _run(self) -> None:
        """Errors are looked at and not caught by kind: those of a database are not known here."""
        while not self.stopping:
            self._woken.clear()
            step = self._loop.create_task(self._step())
            await asyncio.wait({step})
            error = None if step.cancelled() else step.exception()
            if error is None:
                self._failures = 0
                await self._pause(self._conduct.poll_s, woken=True)
            else:
                self._failed(error)
                wait_s = min(self._conduct.poll_s * 2 ** min(self._failures, 16), self._conduct.retry_s)
                await self._pause(wait_s, woken=False)

    async def _step(self) -> None:
        """Write what happened, read what waits, mark what can go, and send it."""
        if not self._begun:
            await self._call(self._orders.begin)
            self._begun = True
        await self._write()
        waiting = await self._call(self._orders.waiting)
        chosen = self._host.choose(waiting, now())
        if chosen:
            await self._take(chosen)

    async def _take(self, chosen: Sequence[Chosen]) -> None:
        taken: set[str] = set()
        try:
            marks = [(order, exchange.qn) for order, exchange in chosen]
            taken = await self._call(lambda: self._orders.take(marks))
        finally:
            for order, exchange in chosen:
                if self.stopping and order.id in taken:
                    self._reports.append(Report(order.id, TIMED_OUT, now(), exchange.qn, STOPPED))
                self._host.begin(order, exchange, taken=order.id in taken and not self.stopping)

    async def _write(self) -> None:
        """Reports in their order; on an error they stay and are written again."""
        reports, asked = tuple(self._reports), tuple(self._asked)
        if reports:
            await self._call(lambda: self._orders.report(reports))
            for _ in reports:
                self._reports.popleft()
        if asked:
            await self._call(lambda: self._orders.heard(asked))
            for one in asked:
                with suppress(ValueError):  # the oldest may have gone meanwhile
                    self._asked.remove(one)

    async def _call(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._thread, work)

    async def _pause(self, seconds: float, *, woken: bool) -> None:
        """Wait; ``woken``: until there is something to do. Stopping always ends it."""
        until = self._loop.time() + seconds
        while not self.stopping and (left := until - self._loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), left)
            if woken or self.stopping:
                return
            self._woken.clear()

    def _failed(self, error: BaseException) -> None:
        """Only the words of the error are logged: what a traceback shows may be a password."""
        self._failures += 1
        why = f"{type(error).__name__}: {error}"
        log.warning(
            "orders not readable or reports not writable, trying again", error=why, tries=self._failures
        )
        if self._failures == 1:
            self._tell("orders_failing", {"error": why})
