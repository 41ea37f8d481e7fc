"""Runs the table of cases against one peer. Whatever the peer does, every case gets an outcome."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from mingcha.core.clock import now
from mingcha.core.errors import MingchaError
from mingcha.gateway.conformance.ends import Connecting, End, Listening
from mingcha.gateway.conformance.judges import JUDGES
from mingcha.gateway.conformance.log import Gone, Log, Seen
from mingcha.gateway.conformance.outcomes import Outcome, Result, Verdict, failed, not_run
from mingcha.gateway.conformance.settings import Settings
from mingcha.gateway.conformance.stage import Stage, nothing
from mingcha.gateway.conformance.table import Case, chosen

OnResult = Callable[[Result, int, int], None]  # (result, its number, how many there are)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to. ``frames``: how many were received; ``dropped``: events that were not kept."""

    settings: Settings
    edition: str
    mn: str
    began: datetime
    took_s: float
    results: tuple[Result, ...]
    frames: int = 0
    dropped: int = 0

    def count(self, outcome: Outcome) -> int:
        return sum(result.outcome is outcome for result in self.results)

    @property
    def passed(self) -> bool:
        """Nothing failed, and something was judged."""
        return self.count(Outcome.FAIL) == 0 and self.count(Outcome.PASS) > 0


class Runner:
    """``listen``: the peer comes to ``host``:``port``; else we go there. ``on_result`` and ``on_frame`` show progress."""

    def __init__(
        self, settings: Settings, *, host: str, port: int, listen: bool, on_result: OnResult | None = None,
        on_frame: Callable[[Seen], None] | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self._address = (host, port)
        self._listen = listen
        self._on_result = on_result
        self._on_frame = on_frame
        self._over = ""  # why no more cases run
        self.stage: Stage
        self._end: End

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[int]:
        """The line is ready, or tries to be; gives the port. Raises LocalError where we cannot listen."""
        log = Log()
        log.on_add = self._on_frame
        self.stage = Stage(self.settings, log)
        kind = Listening if self._listen else Connecting
        self._end = kind(log, *self._address, self.stage.decoding, self.stage.respond)
        self.stage.write, self.stage.cut = self._end.send, self._end.cut
        port = await self._end.start()
        try:
            yield port
        finally:
            await self._end.stop()

    async def play(self) -> Run:
        """All cases, in order; those that watch come last."""
        began, start = now(), asyncio.get_running_loop().time()
        results: list[Result] = []
        if self.settings.tested == "logger" and not self.settings.edition:
            await (
                self._learn()
            )  # a logger says its edition itself: before its first frame the table is not known
        cases = chosen(self.settings, self.stage.edition)
        for case in _ordered(cases):
            result = await self._one(case)
            if result.verdict.code in _UNREACHABLE:
                self._over = self._over or "unreachable"
            results.append(result)
            if self._on_result is not None:
                self._on_result(result, len(results), len(cases))
        log = self.stage.log
        took = asyncio.get_running_loop().time() - start
        count = sum(1 for one in log.received())
        return Run(
            self.settings, self.stage.edition, self.stage.mn, began, took, tuple(results), count, log.dropped
        )

    async def _learn(self) -> None:
        log, wait = self.stage.log, self.settings.wait_s
        found = await log.find(
            lambda one: bool(one.message and one.message.edition), since=0, within=wait, through=True
        )
        if found is not None and found.message is not None:
            self.stage.learn(found.message)

    async def _one(self, case: Case) -> Result:
        start = self.stage.log.time()
        try:
            verdict = self._refusal(case) or await self._judged(case)
        except asyncio.CancelledError:  # Ctrl+C: what was seen so far is told all the same
            self._over = "stopped_by_user"
            verdict = not_run(self._over)
        self.stage.withhold = self.stage.withhold if case.id == "exchange.asks_time" else nothing
        return Result(case, verdict, self.stage.log.time() - start)

    def _refusal(self, case: Case) -> Verdict | None:
        """Why a case does not run."""
        settings = self.settings
        if self._over and not case.watched:
            return not_run(self._over)
        if case.control and not settings.control:
            return not_run("needs_control")
        if case.slow and not settings.slow:
            return not_run("needs_slow")
        if case.needs == "key" and not settings.key:
            return not_run("needs_key")
        return None

    async def _judged(self, case: Case) -> Verdict:
        log, wait = self.stage.log, self.settings.wait_s
        begins = case.id.startswith("link.") and case.judge in ("first_frame", "connected")
        if not case.watched and not begins and not await log.until(lambda: log.open, wait):
            return failed("not_back", s=wait)
        mark = log.mark()
        try:
            return await JUDGES[case.judge](self.stage, case)
        except Gone:
            return failed("gone", *log.seen[mark:][-4:])
        except MingchaError as error:
            return failed("broken", error=str(error))


_UNREACHABLE = frozenset({"no_connection", "nothing_came", "not_back"})


def _ordered(cases: tuple[Case, ...]) -> Iterator[Case]:
    yield from (case for case in cases if not case.watched)
    yield from (case for case in cases if case.watched)
