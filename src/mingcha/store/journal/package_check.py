"""Check an evidence package by itself, and against a journal where one is at hand."""

import json
import zipfile
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from mingcha.core.clock import from_us
from mingcha.core.errors import MingchaError
from mingcha.core.refs import FrameRef
from mingcha.store.journal import files, tree
from mingcha.store.journal.block import Header, chained, header
from mingcha.store.journal.entry import Direction, Entry
from mingcha.store.journal.package import BLOCKS, FORMAT, FRAMES, HASHES, MANIFEST, NUMBERS
from mingcha.store.journal.reader import JournalReader

_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError)
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, MingchaError)


@dataclass(slots=True)
class PackageReport:
    """``problems``: sentences with place, expected and found. ``heads``: last block of each gateway with its
    chain hash; compare it with one kept elsewhere, since whoever makes a package can make all of it.
    """

    frames: int = 0
    blocks: int = 0
    problems: list[str] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.problems

    def same(self, place: str, expected: object, found: object) -> None:
        if expected != found:
            self.problems.append(f"{place}: {expected} expected, {found} found")


def verify_package(path: Path, *, against: JournalReader | None = None) -> PackageReport:
    """Check digests, chain and the proof of every frame; with ``against`` also that the journal has these blocks."""
    report = PackageReport()
    try:
        with zipfile.ZipFile(path) as package:
            _check(package, report, against)
    except _UNREADABLE as error:
        report.problems.append(f"{path}: a readable zip expected, found: {error}")
    return report


def _check(package: zipfile.ZipFile, report: PackageReport, against: JournalReader | None) -> None:
    report.same("files of the package", sorted((FRAMES, BLOCKS, MANIFEST)), sorted(package.namelist()))
    if report.problems:
        return
    try:
        report.manifest = json.loads(package.read(MANIFEST))
        said = report.manifest["files"]
        report.same(f"{MANIFEST} format", FORMAT, report.manifest["format"])
        heads = dict(report.manifest["heads"])
        facts = {name: (said[name]["lines"], said[name]["sha256"]) for name in (BLOCKS, FRAMES)}
    except _MALFORMED as error:
        report.problems.append(f"{MANIFEST}: a manifest expected, found: {error!r}")
        return
    blocks = _Blocks(report, against)
    report.blocks = _each(package, BLOCKS, facts[BLOCKS], report, blocks.take)
    report.frames = _each(
        package, FRAMES, facts[FRAMES], report, lambda line: _frame(line, blocks.known, report)
    )
    report.same(f"{MANIFEST} heads", heads, report.heads)


def _each(
    package: zipfile.ZipFile,
    name: str,
    facts: tuple[Any, Any],
    report: PackageReport,
    take: Callable[[dict[str, Any]], None],
) -> int:
    """Hand every line to ``take``; return how many there were."""
    total, count = sha256(), 0
    for count, line in enumerate(_lines(package, name), 1):
        total.update(line)
        try:
            take(json.loads(line.decode("utf-8", "surrogatepass")))
        except _MALFORMED as error:
            report.problems.append(f"{name} line {count}: cannot be read: {error!r}")
    report.same(f"{name} lines", facts[0], count)
    report.same(f"{name} SHA-256", facts[1], total.hexdigest())
    return count


def _lines(package: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with package.open(name) as stream:
        yield from stream


class _Blocks:
    """Follows the chain through ``blocks.jsonl``."""

    def __init__(self, report: PackageReport, against: JournalReader | None) -> None:
        self.known: dict[tuple[str, int], Header] = {}
        self._report = report
        self._against = against
        self._last: dict[str, tuple[str, int, bytes]] = {}

    def take(self, line: dict[str, Any]) -> None:
        journal, seq = str(line["journal"]), int(line["block"])
        hashes = {name: bytes.fromhex(line[name]) for name in HASHES}
        prev, chain = hashes.pop("prev"), hashes.pop("chain")
        values: dict[str, Any] = {name: int(line[name]) for name in NUMBERS} | hashes
        facts = Header(**values)
        place = f"block {journal}/{seq}"
        found = chained(prev, facts.payload_sha256, header(facts, journal, seq))
        self._report.same(f"{place} chain hash", found.hex(), chain.hex())
        self._follows(place, journal, seq, prev)
        if self._against is not None:
            kept = self._against.block_hash(FrameRef(journal, seq, 0))
            self._report.same(f"{place} in the journal", kept, chain.hex())
        self.known[journal, seq] = facts
        gateway = files.gateway_of(journal)
        self._last[gateway] = (journal, seq, chain)
        self._report.heads[gateway] = f"{journal}/{seq} {chain.hex()}"

    def _follows(self, place: str, journal: str, seq: int, prev: bytes) -> None:
        before = self._last.get(files.gateway_of(journal))
        if before is not None:
            self._report.same(f"{place} previous hash", before[2].hex(), prev.hex())
            due = before[1] + 1 if journal == before[0] else 1
            self._report.same(f"{place} number", due, seq)


def _frame(line: dict[str, Any], blocks: dict[tuple[str, int], Header], report: PackageReport) -> None:
    ref = FrameRef.parse(line["ref"])
    e = Entry(
        Direction[str(line["direction"]).upper()], int(line["received_us"]),
        line["conn"], line["mn"], line["verdict"], b64decode(line["raw"], validate=True),
    )  # fmt: skip
    report.same(f"frame {ref} received", from_us(e.received_us).isoformat(), line["received"])
    block = blocks.get((ref.journal, ref.block))
    if block is None:
        report.problems.append(f"frame {ref}: its block expected in {BLOCKS}, none found")
        return
    path = [[bytes.fromhex(child) for child in children] for children in line["proof"]]
    [leaf] = tree.leaves([e])
    if not tree.proves(leaf, ref.index, block.count, path, block.frames_root):
        report.problems.append(
            f"frame {ref}: a proof up to {block.frames_root.hex()} expected, the frame's bytes do not lead there"
        )
