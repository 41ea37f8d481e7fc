"""The publisher: blocks of the local journal go to the cluster, in order, each once.

1. Block n of a gateway is stored as message n of its stream or not at all (``Nats-Expected-Last-Sequence``).
2. After any doubt (time-out, refusal, lost connection, start) the last message of the stream says where we are; it must
   be a block of the local journal with the same chain hash, else nothing is published.
3. Several blocks are on their way at once; the rule 1 keeps their order whatever is lost between.
"""

import asyncio
import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from mingcha.core.clock import now_us
from mingcha.core.errors import BrokenEvidence, NotFound
from mingcha.core.refs import FrameRef
from mingcha.store.journal.block import Block, genesis
from mingcha.store.journal.jetstream.client import ASK_S, connect, stream_made, trouble
from mingcha.store.journal.jetstream.errors import ClusterAway, ClusterRefused
from mingcha.store.journal.jetstream.messages import (
    headers_of,
    journal_of,
    row_of,
    stream_of,
    subject_of,
    subjects_of,
)
from mingcha.store.journal.jetstream.setting import Setting
from mingcha.store.journal.reader import JournalReader

if TYPE_CHECKING:
    from nats.js import JetStreamContext
    from nats.js.api import PubAck

log = structlog.get_logger(__name__)

WINDOW_BLOCKS = 64  # on their way at once: a round trip of 5 ms then carries 12,000 blocks a second at most
WINDOW_BYTES = 4 << 20
LOOK_S = 1.0  # the journal is looked at so often where nobody wakes us
RETRY_S, ELECTION_S = 0.5, 0.05
REFUSED_RETRY_S = 30.0  # a fork does not mend itself
NOTE_S = 1.0  # how often the shipped position is written down


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A block that the cluster has acknowledged: file, number in it, number of its message."""

    journal: str
    block: int
    message: int


START = Place("", 0, 0)


def shipped_path(folder: Path, gateway: str) -> Path:
    return folder / f"{gateway}.shipped.json"


def shipped(folder: Path, gateway: str) -> FrameRef | None:
    """The last block the cluster had acknowledged when this was last written down; blocks after it must stay here."""
    try:
        found = json.loads(shipped_path(folder, gateway).read_text(encoding="ascii"))
        return FrameRef(found["journal"], found["block"], 0)
    except (FileNotFoundError, ValueError, KeyError):
        return None


class Shipper:
    """Publishes one gateway's journal from a thread of its own.

    ``error``: why nothing goes on at the moment, "" where all is well.
    """

    def __init__(self, folder: Path, gateway: str, setting: Setting) -> None:
        self.gateway = gateway
        self.setting = setting
        self.error = ""
        self._reader = JournalReader(folder)
        self._folder = folder
        self._place = START
        self._noted_us = 0
        self._news = threading.Condition()
        self._stopping = False
        self._loop = asyncio.new_event_loop()
        self._woken = asyncio.Event()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name=f"shipper {gateway}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End; what was not acknowledged stays in the local journal and goes at the next start."""
        with self._news:
            self._stopping = True
            self._news.notify_all()
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ended.set)
        self.wake()
        self._thread.join()
        self._loop.close()

    def wake(self) -> None:
        """There is a new block."""
        with suppress(RuntimeError):  # the loop has ended: there is nobody to wake
            self._loop.call_soon_threadsafe(self._woken.set)

    @property
    def place(self) -> Place:
        """The last block that the cluster has acknowledged."""
        return self._place

    def wait(self, ref: FrameRef, timeout_s: float) -> bool:
        """Wait until the cluster has the block of ``ref``; False where it has not in time."""

        def there() -> bool:
            return (self._place.journal, self._place.block) >= (ref.journal, ref.block) or self._stopping

        with self._news:
            self._news.wait_for(there, timeout_s)
            return (self._place.journal, self._place.block) >= (ref.journal, ref.block)

    # --- inside the thread -------------------------------------------------------------------------

    def _main(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())

    async def _run(self) -> None:
        while not self._stopping:
            wait_s = RETRY_S
            try:
                await self._session()
            except (BrokenEvidence, ClusterRefused, NotFound) as error:
                self._doubt(error)
                log.critical("journal is not published", gateway=self.gateway, why=str(error))
                wait_s = REFUSED_RETRY_S
            except ClusterAway as error:
                self._away(error)
            except trouble() as error:
                self._away(error)
            await self._pause(wait_s)
        self._note()

    async def _session(self) -> None:
        """One connection; it comes back by itself, so this ends only with a refusal or with us."""
        client = await connect(self.setting, f"mingcha gateway {self.gateway}")
        try:
            js = client.jetstream(timeout=ASK_S)
            self._most_bytes = client.max_payload
            await stream_made(js, self.setting, self.gateway)
            while not self._stopping:
                try:
                    self._at(await self._found(js))
                    self.error = ""
                    await self._ship(js)
                except trouble() as error:  # in doubt: look again where the cluster is
                    self._doubt(error)
                    log.info("looking again where the cluster is", gateway=self.gateway, why=self.error)
                    await self._pause(ELECTION_S)
        finally:
            await client.close()

    async def _found(self, js: "JetStreamContext") -> Place:
        """The last block in the cluster.

        Raises:
            BrokenEvidence: it is not a block of the local journal.
        """
        from nats.js.errors import NotFoundError

        try:
            last = await js.get_msg(stream_of(self.gateway), subject=subjects_of(self.gateway))
        except NotFoundError:
            await asyncio.to_thread(self._begins_whole)
            return START
        journal = journal_of(last.subject or "")
        row = row_of(last.subject or "", last.headers)
        try:
            here = await asyncio.to_thread(self._reader.block, journal, row["seq"])
        except NotFound as error:
            raise BrokenEvidence(
                f"the cluster holds block {journal}/{row['seq']} of gateway {self.gateway}, this journal does not: it was "
                "restored from an older copy, or two gateways have one name. Give this gateway another name"
            ) from error
        if here.chain != row["chain"]:
            raise BrokenEvidence(
                f"block {journal}/{row['seq']} has chain {here.chain.hex()} here and {row['chain'].hex()} in the cluster: two "
                "gateways have one name, or evidence was changed. Give this gateway another name and run `mingcha journal verify`"
            )
        return Place(journal, row["seq"], int(last.seq or 0))

    def _begins_whole(self) -> None:
        """An empty stream takes the chain from its first block on, or nothing.

        Raises:
            BrokenEvidence: the local files begin later.
        """
        first = next(self._reader.blocks(gateway=self.gateway), None)
        if first is not None and first.prev != genesis(self.gateway):
            raise BrokenEvidence(
                f"the stream of gateway {self.gateway} is empty, and the local journal begins with {first.journal}/{first.seq}: "
                "its older files were dropped here once the cluster had them. Put back the stream from its backup, or those files"
            )

    async def _ship(self, js: "JetStreamContext") -> None:
        while not self._stopping:
            self._woken.clear()
            blocks = await asyncio.to_thread(self._next)
            if blocks:
                await self._publish(js, blocks)
            else:
                self._note()
                await self._rest(LOOK_S)

    def _next(self) -> list[Block]:
        """The blocks after the last one acknowledged, as many as may be on their way."""
        after = FrameRef(self._place.journal, self._place.block, 0) if self._place.block else None
        out: list[Block] = []
        size = 0
        blocks = self._reader.blocks(after, gateway=self.gateway)
        for block in islice(blocks, WINDOW_BLOCKS + 1):
            if (block.journal, block.seq) > (self._place.journal, self._place.block):
                out.append(block)
                size += block.stored_size
            if size >= WINDOW_BYTES:
                break
        return out

    async def _publish(self, js: "JetStreamContext", blocks: Sequence[Block]) -> None:
        futures = [
            await self._sent(js, block, number) for number, block in enumerate(blocks, self._place.message)
        ]
        try:
            for block, future in zip(blocks, futures, strict=True):
                ack = await asyncio.wait_for(future, ASK_S)
                if ack.seq != self._place.message + 1:
                    raise OSError(f"block {block.journal}/{block.seq} is message {ack.seq} of its stream")
                self._at(Place(block.journal, block.seq, ack.seq))
        finally:
            for future in futures:
                if not future.cancel() and not future.cancelled():
                    future.exception()  # heard: nobody else asks for it

    async def _sent(self, js: "JetStreamContext", block: Block, before: int) -> "asyncio.Future[PubAck]":
        if block.stored_size > self._most_bytes:
            raise ClusterRefused(
                f"block {block.journal}/{block.seq} has {block.stored_size} bytes, the servers take {self._most_bytes}: "
                "set max_payload of the servers to 8MB or more; all stays in the local journal until then"
            )
        headers = {
            "Nats-Msg-Id": f"{block.journal}/{block.seq}",
            "Nats-Expected-Last-Sequence": str(before),
            **headers_of(block),
        }
        return await js.publish_async(
            subject_of(block.journal), block.payload, stream=stream_of(self.gateway), headers=headers
        )

    def _at(self, place: Place) -> None:
        with self._news:
            self._place = place
            self._news.notify_all()
        if now_us() - self._noted_us >= NOTE_S * 1e6:
            self._note()

    def _note(self) -> None:
        """Write down how far the cluster has followed."""
        if self._place is START:
            return
        path = shipped_path(self._folder, self.gateway)
        part = path.with_suffix(".part")
        self._noted_us = now_us()
        row = {"journal": self._place.journal, "block": self._place.block, "message": self._place.message}
        try:
            part.write_text(json.dumps({**row, "at_us": self._noted_us}), encoding="ascii")
            part.replace(path)
        except OSError as error:  # the cluster itself knows; this file only spares asking it
            log.warning("shipped position not written", path=str(path), why=str(error))

    def _away(self, error: Exception) -> None:
        self._doubt(error)
        log.warning("cluster away", gateway=self.gateway, why=self.error)

    def _doubt(self, error: Exception) -> None:
        self.error = str(error) or type(error).__name__

    async def _rest(self, seconds: float) -> None:
        """Until there is news, at most so long."""
        if not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), seconds)

    async def _pause(self, seconds: float) -> None:
        """So long, or until we are told to end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
