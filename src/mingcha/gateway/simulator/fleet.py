"""Many simulated loggers in one process, each its own outlet, started one after another."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from mingcha.core.clock import now
from mingcha.core.errors import BadInput
from mingcha.gateway.simulator import faults as catalogue
from mingcha.gateway.simulator.datalogger import Counters, DataLogger
from mingcha.gateway.simulator.history import Outlet
from mingcha.gateway.simulator.kinds import KINDS
from mingcha.gateway.simulator.noise import key_of, uniform
from mingcha.gateway.simulator.plant import Profile
from mingcha.protocol.hj212.editions import EDITIONS

MIXED = "mixed"
PLANTS = 240  # that differ; later loggers have their values (a multiple of the number of kinds)
STAGGER_S = 0.02  # between two connections: loggers do not all start at once


def mn_of(number: int, edition: str, seed: int = 0) -> str:
    """A repeatable MN: 14 digits in 2005, else 24 hex digits (EPC-96)."""
    if edition == "2005":
        return f"310{seed % 10_000:04d}{number:07d}"
    return f"01{key_of(seed, 'maker') % (1 << 28):07X}{key_of(seed, 'product') % (1 << 24):06X}{number:09X}"


def outlets(
    loggers: int,
    *,
    edition: str = MIXED,
    seed: int = 0,
    faults: Sequence[str] = (),
    start: datetime | None = None,
    length: timedelta = timedelta(hours=1),
) -> list[Outlet]:
    """``loggers`` outlets of all kinds in turn; faults are dealt out to them in turn too.

    A fault is ``name`` or ``name:rate``; several joined by ``+`` go to one logger together.

    Raises:
        BadInput: an unknown edition or fault; the message lists those there are.
    """
    if edition not in (*EDITIONS, MIXED):
        raise BadInput({"edition": f"{edition!r} is no edition; known: {', '.join((*EDITIONS, MIXED))}"})
    begin = (start or now()).replace(microsecond=0)  # frames are stamped in whole seconds
    known = [
        tuple(catalogue.named(name, start=begin, length=length) for name in together.split("+"))
        for together in faults
    ]
    kinds = list(KINDS)
    return [_outlet(number, kinds[number % len(kinds)], edition, seed, known) for number in range(loggers)]


def _outlet(
    number: int, kind: str, edition: str, seed: int, known: Sequence[tuple[catalogue.Fault, ...]]
) -> Outlet:
    faults = known[number % len(known)] if known else ()
    mine = tuple(fault for fault in faults if _has(fault, number, seed))
    own = EDITIONS[number % len(EDITIONS)] if edition == MIXED else edition
    if any(isinstance(fault, catalogue.ONLY_2025) for fault in mine):
        own = "2025"
    twin = mn_of(number % PLANTS, own, seed) if number >= PLANTS else ""
    return Outlet(Profile(mn_of(number, own, seed), kind, seed=seed, twin=twin), own, mine)


def _has(fault: catalogue.Fault, number: int, seed: int) -> bool:
    """A rate of a fault that strikes no single frames is a share of the loggers."""
    of = next(one.of for one in catalogue.BY_NAME.values() if type(fault) is one.fault)
    return of == catalogue.FRAMES or uniform(key_of(seed, type(fault).__name__), number) < fault.share


class Fleet:
    """Runs the loggers of ``outlets`` against one gateway."""

    def __init__(
        self,
        outlets: Sequence[Outlet],
        *,
        host: str,
        port: int,
        interval_s: float = 60.0,
        stagger_s: float = STAGGER_S,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.loggers = [
            DataLogger(outlet, host=host, port=port, interval_s=interval_s, clock=clock) for outlet in outlets
        ]
        self._stagger_s = stagger_s

    @property
    def counters(self) -> Counters:
        total = Counters()
        for logger in self.loggers:
            total = total.plus(logger.counters)
        return total

    @property
    def unacked(self) -> int:
        return sum(logger.unacked for logger in self.loggers)

    async def run(self, duration_s: float | None = None) -> None:
        """Until cancelled, or for ``duration_s`` seconds."""
        tasks: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(duration_s):
                for logger in self.loggers:
                    tasks.append(asyncio.create_task(logger.run()))
                    await asyncio.sleep(self._stagger_s)
                await asyncio.gather(*tasks)
        except TimeoutError:
            pass  # the time asked for is over
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task


def stations(outlets: Sequence[Outlet]) -> Iterator[tuple[str, str, str]]:
    """(MN, password, ST) of each: what a gateway must know to accept them."""
    for outlet in outlets:
        yield outlet.profile.mn, outlet.profile.password, outlet.profile.st
