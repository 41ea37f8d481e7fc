"""Replay: what a journal holds, fed again. Into another journal here; over the wire by ``mingcha journal replay``.

At least once: a position is kept after what it stands for is durable on the other side, so that a replay that was
killed goes on from there and repeats a little. Whoever receives keeps equal frames once.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from mingcha.core.clock import to_us
from mingcha.core.errors import LocalError
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.journal import files
from mingcha.store.journal.entry import Entry
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.writer import Journal


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: received in ``span``, of ``mns`` (None: all)."""

    span: Span
    mns: Collection[str] | None = None

    def takes(self, e: Entry) -> bool:
        inside = to_us(self.span.start) <= e.received_us < to_us(self.span.end)
        return inside and (self.mns is None or e.mn in self.mns)


@dataclass(slots=True)
class Position:
    """How far each gateway was replayed, kept in a file where one is given."""

    file: Path | None = None
    refs: dict[str, FrameRef] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Path | None) -> "Position":
        """The position kept in ``file``; the beginning where there is none.

        Raises:
            LocalError: the file holds something else.
        """
        if file is None or not file.exists():
            return cls(file)
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            return cls(file, {str(name): FrameRef.parse(ref) for name, ref in kept.items()})
        except (ValueError, AttributeError, TypeError) as error:
            raise LocalError(
                f"{file}: a replay's position expected: {error}; remove it to begin anew"
            ) from error

    def reached(self, ref: FrameRef) -> None:
        self.refs[files.gateway_of(ref.journal)] = ref

    def keep(self) -> None:
        """Write it down; call it when all that was reached is durable on the other side."""
        if self.file is not None:
            part = self.file.with_name(f".{self.file.name}.part")
            part.write_text(json.dumps({name: str(ref) for name, ref in self.refs.items()}), encoding="utf-8")
            part.replace(self.file)


class Pace:
    """Holds back to ``rate`` entries a second; None: as fast as it goes."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._began = time.monotonic()
        self._done = 0

    def passed(self, count: int = 1) -> None:
        self._done += count
        if self._rate is not None:
            time.sleep(max(0.0, self._began + self._done / self._rate - time.monotonic()))


def copy_into(
    reader: JournalReader,
    folder: Path,
    wanted: Filter,
    position: Position,
    *,
    pace: Pace,
    on_block: Callable[[], None] = lambda: None,
) -> int:
    """Append what is ``wanted`` to the journals in ``folder``, block by block, under the same gateways' names.

    A whole journal copied so has the same names of frames, and so the same digests of readings. Gives the number
    of entries.

    Raises:
        JournalInUse: a gateway is writing there.
        JournalFailed: the disk is full; call it again, it goes on.
        BrokenEvidence: a block does not fit its hashes.
    """
    total = 0
    with ExitStack() as stack:
        journals: dict[str, Journal] = {}
        for gateway, last, entries in _batches(reader, wanted, position.refs):
            on_block()
            if entries:
                if gateway not in journals:
                    journals[gateway] = stack.enter_context(Journal(folder, gateway=gateway))
                journals[gateway].append(entries)
                pace.passed(len(entries))
                total += len(entries)
            position.reached(last)
            position.keep()
    return total


def _batches(
    reader: JournalReader, wanted: Filter, after: Mapping[str, FrameRef]
) -> Iterator[tuple[str, FrameRef, list[Entry]]]:
    """For each block its gateway, the name of its last entry, and the entries that are wanted."""
    for gateway in reader.gateways():
        since = after.get(gateway)
        for block in reader.blocks(since, gateway=gateway):
            last = FrameRef(block.journal, block.seq, block.count - 1)
            if since is None or last > since:
                yield gateway, last, [e for _, e in block.kept() if wanted.takes(e)]
