"""Group commit: what arrives while one block is being written becomes the next block.

The rules, in the order they matter:

1. A frame's answer leaves only after ``append`` returned for the block that holds the frame.
2. The answer is journalled (direction OUT) *in the same block*, before it leaves. One commit serves both,
   nothing is ever on the wire that the journal does not hold, and after a crash the journal says what was
   about to be answered. One OUT entry holds what one connection is sent for one MN in one write (for a
   burst: several frames). It means "durable and released to the socket"; whether it reached the
   peer only the peer knows, and it repeats its frame if not.
3. If ``append`` fails, nothing of the batch is answered and its connections are closed: the loggers keep
   what was not acknowledged and send it again. The next batch is tried again, so the gateway heals itself when
   the disk does.

There is no artificial delay: a batch starts as soon as the thread is free, after the sockets that are
ready now were read.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from mingcha.core.clock import now_us
from mingcha.core.refs import FrameRef
from mingcha.gateway.stats import Stats
from mingcha.store.journal import Direction, Entry, JournalFailed


class Appends(Protocol):
    """What the gateway needs of a journal."""

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]: ...


class Sender(Protocol):
    """The connection that waits for a commit."""

    name: str

    def committed(self, size: int, replies: bytes) -> None: ...

    def failed(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Work:
    """What one read of one connection wants durable. ``replies``: (MN, bytes), sent in this order."""

    sender: Sender
    entries: Sequence[Entry]
    replies: Sequence[tuple[str, bytes]]
    size: int


class Committer:
    """Feeds one thread that appends to the journal. All methods belong to the event loop."""

    def __init__(
        self,
        journal: Appends,
        stats: Stats,
        *,
        batch_entries: int,
        on_failure: Callable[[JournalFailed], None],
    ) -> None:
        self._journal = journal
        self._stats = stats
        self._batch_entries = batch_entries
        self._on_failure = on_failure
        self._queue: deque[Work] = deque()
        self._running = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self.queued_bytes = 0

    def put(self, work: Work) -> None:
        """Take ``work``; its sender hears of the outcome."""
        self._queue.append(work)
        self.queued_bytes += work.size
        if not self._running:
            self._running = True
            self._idle.clear()
            self._loop.call_soon(self._start)

    async def drain(self) -> None:
        """Return once all that was put is durable or refused."""
        await self._idle.wait()

    async def close(self) -> None:
        await self.drain()
        self._thread.shutdown(wait=True)

    def _start(self) -> None:
        batch, entries = self._next_batch()
        began = perf_counter()
        future = self._loop.run_in_executor(self._thread, self._journal.append, entries)
        future.add_done_callback(lambda done: self._finish(batch, len(entries), perf_counter() - began, done))

    def _next_batch(self) -> tuple[list[Work], list[Entry]]:
        batch: list[Work] = []
        entries: list[Entry] = []
        sent_us = now_us()
        while self._queue and (not batch or len(entries) < self._batch_entries):
            work = self._queue.popleft()
            batch.append(work)
            entries += work.entries
            entries += [
                Entry(Direction.OUT, sent_us, work.sender.name, mn, "", raw) for mn, raw in work.replies
            ]
        return batch, entries

    def _finish(
        self, batch: list[Work], entries: int, took_s: float, done: "asyncio.Future[list[FrameRef]]"
    ) -> None:
        error = done.exception()
        self.queued_bytes -= sum(work.size for work in batch)
        if error is None:
            self._stats.committed(entries, took_s)
            for work in batch:
                work.sender.committed(work.size, b"".join([raw for _, raw in work.replies]))
        else:
            self._refuse(batch, error)
        if self._queue:
            self._start()
        else:
            self._running = False
            self._idle.set()

    def _refuse(self, batch: list[Work], error: BaseException) -> None:
        self._stats.journal_failures += 1
        self._stats.journal_error = str(error)
        for sender in {id(work.sender): work.sender for work in batch}.values():
            sender.failed()
        if not isinstance(error, JournalFailed):
            error = JournalFailed(
                f"the journal stopped with {type(error).__name__}: {error}; nothing was answered"
            )
        self._on_failure(error)
