"""The reader of blocks in the cluster, with the interface of ``JournalReader``: names, order and bytes are the same.

Messages are read directly from whichever replica answers; where one says there is none, the leader of the stream is asked:
a replica may be a moment behind, and a hole must never look like the end.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.x509 import Certificate

from mingcha.core.clock import beijing_day, from_us
from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.store.journal.block import Block
from mingcha.store.journal.files import gateway_of
from mingcha.store.journal.jetstream import checking, messages
from mingcha.store.journal.jetstream.client import Cluster
from mingcha.store.journal.jetstream.setting import Setting
from mingcha.store.journal.reader import BLOCKS_A_READ, JournalReader
from mingcha.store.journal.report import Anchor, Head, VerifyReport

if TYPE_CHECKING:
    from nats.js import JetStreamContext
    from nats.js.api import RawStreamMsg

HEADERS_A_READ = 500
NAMES_S = 5.0  # a gateway that is new is seen so late at most


class ClusterReader(JournalReader):
    """All journals of a cluster. Ask as you would ask the files.

    Raises (from every method):
        ClusterAway: the cluster does not answer.
    """

    def __init__(self, folder: Path, setting: Setting) -> None:
        super().__init__(folder)
        self.cluster = Cluster(setting)
        self._names: tuple[float, list[str]] = (-NAMES_S, [])
        self._shifts: dict[str, int] = {}  # file → number of a message less number of its block

    @property
    def place(self) -> str:
        return f"the cluster {self.cluster.setting.shown}"

    def close(self) -> None:
        self.cluster.close()

    def journals(self, gateway: str) -> list[str]:
        name = messages.stream_of(gateway)
        subjects = self.cluster.call(lambda js: _subjects(js, name, messages.subjects_of(gateway)))
        return sorted(messages.journal_of(subject) for subject in subjects)

    def end(self, journal: str) -> int:
        found = self._last(gateway_of(journal), messages.subject_of(journal))
        return 0 if found is None else int(messages.row_of(found.subject or "", found.headers)["seq"])

    def gateways(self) -> list[str]:
        at, names = self._names
        if not names or time.monotonic() - at > NAMES_S:
            found = self.cluster.call(_streams)
            names = sorted(messages.gateway_of(name) for name in found if name.startswith(messages.STREAM))
            self._names = (time.monotonic(), names)
        return names

    def blocks(self, since: FrameRef | None = None, *, gateway: str | None = None) -> Iterator[Block]:
        for name in self.gateways():
            if gateway not in (None, name) or (since is not None and gateway_of(since.journal) > name):
                continue
            own = since if since is not None and gateway_of(since.journal) == name else None
            yield from self._from(name, self._first_from(name, own))

    def head(self, gateway: str) -> Head | None:
        found = self._last(gateway, messages.subjects_of(gateway))
        if found is None:
            return None
        block = _block(found)
        return Head(block.journal, block.seq, block.chain.hex())

    def block(self, journal: str, seq: int) -> Block:
        number = self._number(journal, seq)
        found = None if number is None else self._message(gateway_of(journal), number)
        block = None if found is None else _block(found)
        if block is None or (block.journal, block.seq) != (journal, seq):
            raise NotFound(f"no block {seq} in journal {journal} of {self.cluster.setting.shown}")
        return block

    def count(self, first: FrameRef, last: FrameRef) -> int:
        total = 0
        for journal in self.journals(gateway_of(first.journal)):
            if first.journal <= journal <= last.journal:
                end = self.end(journal)
                low = max(first.block, 1) if journal == first.journal else 1
                high = min(last.block, end) if journal == last.journal else end
                total += max(0, high - low + 1)
        return total

    def remaining(self, gateway: str, after: FrameRef | None) -> int:
        begin = self._first_from(gateway, after)
        rows = self.cluster.call(lambda js: _headers(js, messages.stream_of(gateway), begin))
        total: int = sum(
            row["count"]
            for journal, row in rows
            if after is None or (journal, row["seq"]) > (after.journal, after.block)
        )
        if after is not None and rows and (rows[0][0], rows[0][1]["seq"]) == (after.journal, after.block):
            total += max(0, rows[0][1]["count"] - after.index - 1)
        return total

    def overlapping(self, gateway: str, start_us: int, end_us: int) -> list[FrameRef]:
        """As in the files. No block of that time stands in the file of an earlier day."""
        day = f"{gateway}-{beijing_day(from_us(start_us)):%Y%m%d}"
        begin = self._first_from(gateway, FrameRef(day, 1, 0))
        rows = self.cluster.call(lambda js: _headers(js, messages.stream_of(gateway), begin))
        return [
            FrameRef(journal, row["seq"], 0)
            for journal, row in rows
            if row["last_us"] >= start_us and row["first_us"] < end_us
        ]

    def verify(
        self,
        *,
        anchors: Collection[Anchor] = (),
        trusted: Collection[str] = (),
        statements: Path | None = None,
        roots: Sequence[Certificate] = (),
        on_block: Callable[[], None] = lambda: None,
    ) -> VerifyReport:
        return checking.verify(
            self, anchors=anchors, trusted=trusted, copy=statements, roots=roots, on_block=on_block
        )

    def _backwards(self, ref: FrameRef) -> Iterator[Block]:
        number = self._number(ref.journal, ref.block) or 0
        while number > 0 and (found := self._message(gateway_of(ref.journal), number)) is not None:
            yield _block(found)
            number -= 1

    # --- where things are --------------------------------------------------------------------------

    def _first_from(self, gateway: str, ref: FrameRef | None) -> int:
        """The number of the message with which reading begins."""
        if ref is None:
            return 1
        if (number := self._number(ref.journal, ref.block)) is not None:
            return number
        later = [journal for journal in self.journals(gateway) if journal > ref.journal]
        return 1 + self._shift(later[0]) if later else self._end(gateway) + 1

    def _number(self, journal: str, seq: int) -> int | None:
        """The message of a block; None where the cluster knows no such file."""
        try:
            return seq + self._shift(journal)
        except NotFound:
            return None

    def _shift(self, journal: str) -> int:
        if journal not in self._shifts:
            gateway = gateway_of(journal)
            found = self.cluster.call(
                lambda js: _asked(
                    js, messages.stream_of(gateway), seq=1, subject=messages.subject_of(journal), next=True
                )
            )
            if found is None:
                raise NotFound(f"no journal {journal} in {self.cluster.setting.shown}")
            row = messages.row_of(found.subject or "", found.headers)
            self._shifts[journal] = int(found.seq or 0) - int(row["seq"])
        return self._shifts[journal]

    def _end(self, gateway: str) -> int:
        """The number of the last message."""
        return self.cluster.call(lambda js: _last_seq(js, messages.stream_of(gateway)))

    def _last(self, gateway: str, subject: str) -> "RawStreamMsg | None":
        return self.cluster.call(lambda js: _asked(js, messages.stream_of(gateway), subject=subject))

    def _message(self, gateway: str, number: int) -> "RawStreamMsg | None":
        return self.cluster.call(lambda js: _asked(js, messages.stream_of(gateway), seq=number))

    def _from(self, gateway: str, number: int) -> Iterator[Block]:
        stream = messages.stream_of(gateway)
        size = 1  # at the end, where readers mostly are, one question is enough
        while True:
            found = self.cluster.call(partial(_run, stream=stream, first=number, count=size))
            for message in found:
                yield _block(message)
            number += len(found)
            if len(found) < size:
                if self._end(gateway) < number:
                    return
                if self._message(gateway, number) is None:
                    number = self._past_hole(gateway, number)
            size = BLOCKS_A_READ

    def _past_hole(self, gateway: str, number: int) -> int:
        """Where to go on when message ``number`` is gone: only the oldest may be, all of them.

        Raises:
            BrokenEvidence: it is missing from the middle.
        """
        first = self.cluster.call(lambda js: _first_seq(js, messages.stream_of(gateway)))
        if number < first:
            return first
        raise BrokenEvidence(
            f"message {number} of stream {messages.stream_of(gateway)} is missing, later ones are there: a block was removed; "
            "compare with the local journal of that gateway (`mingcha journal verify`)"
        )


def _block(message: "RawStreamMsg") -> Block:
    return messages.block_of(message.subject or "", message.headers, message.data)


async def _asked(js: "JetStreamContext", stream: str, **question: Any) -> "RawStreamMsg | None":
    """One message from the leader; None where there is none."""
    from nats.js.errors import NotFoundError

    try:
        return await js.get_msg(stream, **question)
    except NotFoundError:
        return None


async def _run(js: "JetStreamContext", stream: str, first: int, count: int) -> "list[RawStreamMsg]":
    """Messages from ``first`` on, up to ``count``, up to the first a replica has not."""
    from nats.js.errors import NotFoundError

    found = await asyncio.gather(
        *(js.get_msg(stream, seq=first + n, direct=True) for n in range(count)), return_exceptions=True
    )
    out = []
    for one in found:
        if isinstance(one, NotFoundError):
            break
        if isinstance(one, BaseException):
            raise one
        out.append(one)
    return out


async def _last_seq(js: "JetStreamContext", stream: str) -> int:
    return (await js.stream_info(stream)).state.last_seq


async def _first_seq(js: "JetStreamContext", stream: str) -> int:
    return (await js.stream_info(stream)).state.first_seq


async def _subjects(js: "JetStreamContext", stream: str, pattern: str) -> list[str]:
    """None where there is no such stream: a gateway that was signed here and never published."""
    from nats.js.errors import NotFoundError

    with suppress(NotFoundError):
        return list((await js.stream_info(stream, subjects_filter=pattern)).state.subjects or {})
    return []


async def _streams(js: "JetStreamContext") -> list[str]:
    """Names of all streams, page by page."""
    names: list[str] = []
    while page := await js.streams_info(offset=len(names)):
        names += [stream.config.name or "" for stream in page]
    return names


async def _headers(js: "JetStreamContext", stream: str, first: int) -> list[tuple[str, dict[str, Any]]]:
    """(file, columns) of all blocks from message ``first`` to the end, without their bodies."""
    from nats.js import api

    end = await _last_seq(js, stream)
    if first > end:
        return []
    subscription = await js.pull_subscribe(
        "", stream=stream, config=api.ConsumerConfig(
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=first, ack_policy=api.AckPolicy.NONE,
            headers_only=True, num_replicas=1, mem_storage=True, inactive_threshold=30.0,
        ),
    )  # fmt: skip
    rows: list[tuple[str, dict[str, Any]]] = []
    try:
        while True:
            for message in await subscription.fetch(HEADERS_A_READ):
                rows.append(
                    (messages.journal_of(message.subject), messages.row_of(message.subject, message.headers))
                )
                if message.metadata.sequence.stream >= end:
                    return rows
    finally:
        await subscription.unsubscribe()
