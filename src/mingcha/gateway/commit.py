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

4. What a frame says is heard by the host after its block, in the order of the connection; of a batch that failed
   nothing is heard.
5. The order of one connection stays. Of different connections, those with much waiting (``Caps.bulk_bytes``) let the
   others go first.

There is no artificial delay: a batch starts as soon as the thread is free, after the sockets that are
ready now were read.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Protocol, runtime_checkable

from mingcha.core.clock import now_us
from mingcha.core.refs import FrameRef
from mingcha.gateway.ports import Sender
from mingcha.gateway.stats import Stats
from mingcha.gateway.taken import Taken
from mingcha.store.journal import Direction, Entry, JournalFailed

BULK_ENTRIES = 2048  # of floods, in one block: some 50 ms, for which everybody else waits
Work = tuple[Sender, Taken]  # what one read of one connection wants durable


class Appends(Protocol):
    """What the gateway needs of a journal."""

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]: ...


@runtime_checkable
class Preserves(Protocol):
    """A journal that makes durable without naming what it stored: cheaper, and a gateway needs no names."""

    def preserve(self, entries: Sequence[Entry]) -> None: ...


class Committer:
    """Feeds one thread that appends to the journal. All methods belong to the event loop.

    ``on_failure`` hears why a batch was refused; ``on_end`` is called after each batch, when its senders know.
    """

    def __init__(
        self,
        journal: Appends,
        stats: Stats,
        *,
        batch_entries: int,
        on_failure: Callable[[JournalFailed], None],
        on_end: Callable[[], None],
    ) -> None:
        self._store: Callable[[Sequence[Entry]], object] = (
            journal.preserve if isinstance(journal, Preserves) else journal.append
        )
        self._stats = stats
        self._batch_entries = batch_entries
        self._on_failure = on_failure
        self._on_end = on_end
        self._queue: deque[Work] = deque()
        self._bulk: deque[Work] = deque()
        self._running = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self.queued_bytes = 0

    def put(self, sender: Sender, taken: Taken) -> None:
        """Take what ``sender`` wants durable; it hears of the outcome."""
        (self._bulk if taken.bulk else self._queue).append((sender, taken))
        self.queued_bytes += taken.size
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
        batch = self._next_batch()
        began = perf_counter()
        future = self._loop.run_in_executor(self._thread, self._append, batch)
        future.add_done_callback(lambda done: self._finish(batch, perf_counter() - began, done))

    def _next_batch(self) -> list[Work]:
        """Those who have little waiting, then a share of the others: a flood makes nobody wait for long."""
        batch: list[Work] = []
        entries = _moved(self._queue, batch, self._batch_entries)
        _moved(self._bulk, batch, min(BULK_ENTRIES, self._batch_entries - entries))
        return batch

    def _append(self, batch: list[Work]) -> int:
        """In the thread: make the batch durable; the number of its entries."""
        entries: list[Entry] = []
        sent_us = now_us()
        for sender, taken in batch:
            entries += taken.entries
            name = sender.name
            replies = taken.replies
            for mn, raw in replies:
                entries.append(Entry(Direction.OUT, sent_us, name, mn, "", raw))
            taken.answer = replies[0][1] if len(replies) == 1 else b"".join([raw for _, raw in replies])
        self._store(entries)
        return len(entries)

    def _finish(self, batch: list[Work], took_s: float, done: "asyncio.Future[int]") -> None:
        error = done.exception()
        self.queued_bytes -= sum([taken.size for _, taken in batch])
        if error is None:
            self._stats.committed(done.result(), took_s)
            for sender, taken in batch:
                self._stats.reply_bytes += len(taken.answer)
                sender.committed(taken)
        else:
            self._refuse(batch, error)
        self._on_end()
        if self._queue or self._bulk:
            self._start()
        else:
            self._running = False
            self._idle.set()

    def _refuse(self, batch: list[Work], error: BaseException) -> None:
        self._stats.journal_failures += 1
        self._stats.journal_error = str(error)
        for sender, taken in batch:
            sender.failed(taken)
        if not isinstance(error, JournalFailed):
            error = JournalFailed(
                f"the journal stopped with {type(error).__name__}: {error}; nothing was answered"
            )
        self._on_failure(error)


def _moved(queue: deque[Work], batch: list[Work], most: int) -> int:
    """Move works with up to ``most`` entries (and those of one read more) to ``batch``; give how many entries."""
    entries = 0
    while queue and entries < most:
        work = queue.popleft()
        batch.append(work)
        entries += work[1].weight
    return entries
