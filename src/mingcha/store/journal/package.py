"""Evidence package: frames cut out of the journal, with what proves that they stood in it. ``FORMAT.md`` §8.

Where checkpoints are signed, the package holds whole checkpoint intervals of the stations asked for (frames outside
the span are marked), so that the signed count of each station's entries can be compared: nothing was left out.
Frames of other stations are not inside, only their hashes.
"""

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from mingcha.core.clock import to_us
from mingcha.core.errors import LocalError
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.journal import licences, stamps, statements, summary, tree
from mingcha.store.journal.block import Block
from mingcha.store.journal.counts import Counts
from mingcha.store.journal.entry import Entry
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.statements import KEY, Statement

FORMAT = "mingcha evidence package 2"
FRAMES, BLOCKS, MANIFEST = "frames.jsonl", "blocks.jsonl", "manifest.json"
COUNTS, STATEMENTS = "counts.jsonl", statements.FILE
HASHES = ("payload_sha256", "stored_sha256", "frames_root", "prev", "chain")
NUMBERS = ("first_us", "last_us", "count", "size", "stored_size")
HERE = Path(__file__).parent
ENCLOSED = (HERE / "FORMAT.md", HERE / "outside" / "verify_journal.py")

Mask = Callable[[bytes], bytes]
Interval = tuple[int, dict[str, Any]]  # number of a checkpoint, its head of this gateway


class PackageFailed(LocalError):
    """The package could not be written; there is no file."""

    permanent = False


def export(
    reader: JournalReader,
    out: Path,
    span: Span,
    *,
    at: datetime,
    mn: str | Collection[str] | None = None,
    about: Mapping[str, str] | None = None,
    masked: Mask | None = None,
    on_block: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Write what was received in ``span`` (of station ``mn``, or several) to ``out``; return the manifest.

    ``about``: said in the manifest as it is (outlet, its name). ``masked``: hides passwords in the listing for people,
    which is left out where it is not given.

    Raises:
        PackageFailed: disk full or I/O error; no file was left.
        BrokenEvidence: a block of the span does not fit its hashes.
    """
    mns = None if mn is None else tuple(sorted({mn} if isinstance(mn, str) else set(mn)))
    part = out.with_name(f".{out.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as package:
            manifest = _Export(reader, package, span, mns, on_block).run(at, dict(about or {}), masked)
        part.replace(out)
    except OSError as error:
        raise PackageFailed(
            f"{out}: {error}. No package was written; free disk space and try again"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def count_blocks(reader: JournalReader, span: Span) -> int:
    """How many blocks an export of ``span`` will go through."""
    signed = statements.read(reader.folder / statements.FILE)
    return sum(segment.count for segment in _segments(reader, span, signed))


def header_line(block: Block) -> dict[str, Any]:
    """A block header as it stands in ``blocks.jsonl``."""
    numbers = {name: getattr(block, name) for name in NUMBERS}
    return {"journal": block.journal, "block": block.seq, **numbers} | {
        name: getattr(block, name).hex() for name in HASHES
    }


@dataclass(slots=True)
class _Part:
    """One file of the package while it is written."""

    stream: IO[bytes]
    lines: int = 0
    total: Any = field(default_factory=sha256)

    def add(self, value: Mapping[str, Any]) -> None:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        self.write(text.encode("utf-8", "surrogatepass") + b"\n")

    def write(self, data: bytes) -> None:
        self.stream.write(data)
        self.total.update(data)
        self.lines += data.count(b"\n")

    def facts(self) -> dict[str, Any]:
        return {"lines": self.lines, "sha256": self.total.hexdigest()}


@dataclass(frozen=True, slots=True)
class _Segment:
    """Blocks of one gateway from ``first`` to ``last``, ``count`` of them, and the intervals that were signed."""

    gateway: str
    first: FrameRef
    last: FrameRef
    count: int
    intervals: tuple[Interval, ...]

    def covers(self, block: Block) -> bool:
        """True where a checkpoint was signed over ``block``: intervals follow each other without gap."""
        head = self.intervals[-1][1] if self.intervals else {"journal": "", "block": 0}
        return (block.journal, block.seq) <= (head["journal"], head["block"])


class _Export:
    """One package while it is made."""

    def __init__(
        self,
        reader: JournalReader,
        package: zipfile.ZipFile,
        span: Span,
        mns: tuple[str, ...] | None,
        on_block: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._package = package
        self._span, self._start, self._end = span, to_us(span.start), to_us(span.end)
        self._mns = mns
        self._on_block = on_block
        self._signed = statements.check(statements.read(reader.folder / statements.FILE)).good
        self._segments = _segments(reader, span, self._signed)
        self._files: dict[str, dict[str, Any]] = {}
        self._verdicts: Counter[str] = Counter()
        self._records: set[int] = set()  # retention statements that concern a block of the package

    def run(self, at: datetime, about: dict[str, str], masked: Mask | None) -> dict[str, Any]:
        heads = self._headers()
        counts = self._frames()
        with self._file(COUNTS) as part:
            for line in counts:
                part.add(line)
        checkpoints = self._statements()
        if masked is not None:
            self._listing(masked)
        for path in ENCLOSED:
            self._copy(path.name, path)
        manifest = {
            "format": FORMAT, "made_at": at.isoformat(), "about": about,
            "from": self._span.start.isoformat(), "to": self._span.end.isoformat(),
            "mns": None if self._mns is None else list(self._mns),
            "heads": heads, "verdicts": dict(self._verdicts), "statements": checkpoints, "files": self._files,
        }  # fmt: skip
        for name, text in summary.texts(manifest, counts).items():
            with self._file(name) as part:
                part.write(text.encode("utf-8", "surrogatepass"))
        self._package.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        return manifest

    @contextmanager
    def _file(self, name: str) -> Iterator[_Part]:
        with self._package.open(name, "w") as stream:
            part = _Part(stream)
            yield part
        self._files[name] = part.facts()

    def _copy(self, name: str, path: Path) -> None:
        with self._file(name) as part:
            part.write(path.read_bytes())

    def _headers(self) -> dict[str, str]:
        heads = {}
        with self._file(BLOCKS) as part:
            for segment in self._segments:
                for block in _blocks(self._reader, segment):
                    part.add(header_line(block))
                    heads[segment.gateway] = f"{block.journal}/{block.seq} {block.chain.hex()}"
        return heads

    def _frames(self) -> list[dict[str, Any]]:
        """Write the frames; give the lines that tell how many each signed interval holds."""
        lines: list[dict[str, Any]] = []
        lawful = licences.load(self._reader.folder, self._signed)
        with self._file(FRAMES) as part:
            for segment in self._segments:
                stations: Counter[str] | None = Counter()
                ends = {(head["journal"], head["block"]): (n, head) for n, head in segment.intervals}
                for block in _blocks(self._reader, segment):
                    self._on_block()
                    found = self._of_block(block, part, covered=segment.covers(block))
                    if block.is_reduced:
                        stations = None
                        self._records.update(lawful.of(block.journal, block.seq)[1])
                    if stations is not None:
                        stations.update(found)
                    if (end := ends.get((block.journal, block.seq))) is not None:
                        lines += self._counted(end[0], segment.gateway, stations)
                        stations = Counter()
        return lines

    def _of_block(self, block: Block, part: _Part, *, covered: bool) -> Counter[str]:
        """Write the frames asked for; give how many entries the block has of each station."""
        if not covered and (block.last_us < self._start or block.first_us >= self._end):
            return Counter()
        entries = block.kept()
        proof = _prover(block, entries)
        for index, e in entries:
            inside = self._start <= e.received_us < self._end
            if (inside or covered) and (self._mns is None or e.mn in self._mns):
                ref = FrameRef(block.journal, block.seq, index)
                part.add(summary.frame_line(ref, e, proof(index), inside=inside))
                self._verdicts[e.verdict.partition(":")[0] or e.direction.name.lower()] += 1
        return Counter(e.mn for _, e in entries)

    def _counted(self, number: int, gateway: str, stations: Counter[str] | None) -> list[dict[str, Any]]:
        if self._mns is None:
            return []  # the counts of the block headers tell
        common = {"checkpoint": number, "gateway": gateway}
        if stations is None:
            return [{**common, "why": "entries of this interval were dropped under a retention statement"}]
        counts = Counts.of(stations)
        return [{**common, "mn": mn, "witness": counts.witness(mn)} for mn in self._mns]

    def _statements(self) -> dict[str, Any]:
        """Checkpoints of the intervals up to a stamped one, every key before, and what allowed to drop."""
        numbers = [number for segment in self._segments for number, _ in segment.intervals]
        if not numbers:
            with self._file(STATEMENTS):
                return {"first": None, "last": None, "stamped": []}
        low, high = min(numbers), max(numbers)
        stamped = stamps.stamped(self._reader.folder)
        high = next((number for number in stamped if number >= high), high)
        chosen = [s for s in self._signed if self._belongs(s, low, high)]
        with self._file(STATEMENTS) as part:
            for one in chosen:
                part.write(one.line + b"\n")
        inside = [number for number in stamped if low <= number <= high]
        for number in inside:
            self._copy(f"stamps/{number:08d}.tsr", stamps.path_of(self._reader.folder, number))
        for number in sorted(self._records):
            self._copy(f"retention/{number:08d}.jsonl", licences.path_of(self._reader.folder, number))
        keys = [s.body["public"] for s in chosen if s.kind == KEY]
        return {"first": low, "last": high, "stamped": inside, "keys": keys}

    def _belongs(self, one: Statement, low: int, high: int) -> bool:
        newest = max(high, *self._records, 0)
        return (
            low <= one.number <= high
            or (one.kind == KEY and one.number < newest)
            or one.number in self._records
        )

    def _listing(self, masked: Mask) -> None:
        """The frames for people, passwords hidden. From the journal again: one file of a zip is written at a time."""
        with self._file(summary.LISTING) as part:
            for segment in self._segments:
                for block in _blocks(self._reader, segment):
                    if block.last_us >= self._start and block.first_us < self._end:
                        for index, e in block.kept():
                            if self._start <= e.received_us < self._end and (
                                self._mns is None or e.mn in self._mns
                            ):
                                ref = FrameRef(block.journal, block.seq, index)
                                part.write(summary.listed(ref, e, masked).encode("utf-8", "surrogatepass"))


def _segments(reader: JournalReader, span: Span, signed: Collection[Statement]) -> list[_Segment]:
    found = []
    for gateway in reader.gateways():
        refs = reader.overlapping(gateway, to_us(span.start), to_us(span.end))
        if refs:
            first, last = refs[0], refs[-1]
            intervals = tuple(
                (number, head)
                for number, head in statements.heads_of(signed, gateway)
                if head["after"] < head["block"]
                and (head["journal"], head["block"]) >= (first.journal, first.block)
                and (head["journal"], head["after"] + 1) <= (last.journal, last.block)
            )
            if intervals:
                begin, end = intervals[0][1], intervals[-1][1]
                first = min(first, FrameRef(begin["journal"], begin["after"] + 1, 0))
                last = max(last, FrameRef(end["journal"], end["block"], 0))
            found.append(_Segment(gateway, first, last, reader.count(first, last), intervals))
    return found


def _blocks(reader: JournalReader, segment: _Segment) -> Iterator[Block]:
    for block in reader.blocks(segment.first, gateway=segment.gateway):
        yield block
        if (block.journal, block.seq) >= (segment.last.journal, segment.last.block):
            break


def _prover(block: Block, entries: list[tuple[int, Entry]]) -> Callable[[int], tree.Proof]:
    """What gives the proof of an entry of the block."""
    if block.is_reduced:
        known = block.rest().nodes
        return lambda index: tree.proof_known(known, block.count, index)
    leaves = tree.leaves([e for _, e in entries])
    return lambda index: tree.proof(leaves, index)
