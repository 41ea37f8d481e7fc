"""Check an evidence package by itself, and against a journal where one is at hand."""

import json
import zipfile
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.x509 import Certificate

from mingcha.core.clock import from_us
from mingcha.core.errors import MingchaError
from mingcha.core.refs import FrameRef
from mingcha.store.journal import files, package_signed, tree
from mingcha.store.journal.block import Header, chained, header
from mingcha.store.journal.entry import Direction, Entry
from mingcha.store.journal.package import (
    BLOCKS,
    COUNTS,
    FORMAT,
    FRAMES,
    HASHES,
    MANIFEST,
    NUMBERS,
    STATEMENTS,
)
from mingcha.store.journal.package_report import PackageReport
from mingcha.store.journal.reader import JournalReader

_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError)
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, MingchaError)
Line = dict[str, Any]


def verify_package(
    path: Path,
    *,
    against: JournalReader | None = None,
    trusted: Collection[str] = (),
    roots: Sequence[Certificate] = (),
) -> PackageReport:
    """Check digests, chain, signatures, stamps, the proof of every frame, and that none is missing.

    ``against``: also that the journal has these blocks. ``trusted``: public keys known from elsewhere.
    ``roots``: of time stamp authorities one trusts.
    """
    report = PackageReport()
    try:
        with zipfile.ZipFile(path) as package:
            _Check(package, report, against).run(trusted, roots)
    except _UNREADABLE as error:
        report.problems.append(f"{path}: a readable zip expected, found: {error}")
    return report


class _Check:
    """One look at one package."""

    def __init__(
        self, package: zipfile.ZipFile, report: PackageReport, against: JournalReader | None
    ) -> None:
        self._package = package
        self._report = report
        self._against = against
        self._known: dict[tuple[str, int], Header] = {}
        self._last: dict[str, tuple[str, int, bytes]] = {}
        self._found: Counter[tuple[str, int, str]] = Counter()  # (journal, block, MN) → frames
        self._chains: dict[tuple[str, int], str] = {}
        self._before: FrameRef | None = None

    def run(self, trusted: Collection[str], roots: Sequence[Certificate]) -> None:
        report = self._report
        try:
            report.manifest = json.loads(self._package.read(MANIFEST))
            report.same(f"{MANIFEST} format", FORMAT, report.manifest["format"])
            said = {str(name): (f["lines"], f["sha256"]) for name, f in report.manifest["files"].items()}
            heads, self._mns = dict(report.manifest["heads"]), report.manifest["mns"]
        except _MALFORMED as error:
            report.problems.append(f"{MANIFEST}: a manifest expected, found: {error!r}")
            return
        wanted = sorted({*said, MANIFEST, FRAMES, BLOCKS, COUNTS, STATEMENTS})
        report.same("files of the package", wanted, sorted(self._package.namelist()))
        if report.problems:
            return
        takers = {BLOCKS: self._block, FRAMES: self._frame}
        for name in (BLOCKS, FRAMES, *(set(said) - {BLOCKS, FRAMES})):
            self._each(name, said[name], takers.get(name))
        report.blocks, report.frames = said[BLOCKS][0], said[FRAMES][0]
        report.same(f"{MANIFEST} heads", heads, report.heads)
        found = package_signed.Found(self._known, self._chains, self._found, self._mns)
        package_signed.check(self._package, report, found, trusted, roots)

    def _each(self, name: str, facts: tuple[Any, Any], take: Callable[[Line], None] | None) -> None:
        """Compare a file with its digest and hand every line to ``take``."""
        total, count = sha256(), 0
        for count, line in enumerate(_lines(self._package, name), 1):
            total.update(line)
            try:
                if take is not None:
                    take(json.loads(line.decode("utf-8", "surrogatepass")))
            except _MALFORMED as error:
                self._report.problems.append(f"{name} line {count}: cannot be read: {error!r}")
        if take is not None:
            self._report.same(f"{name} lines", facts[0], count)
        self._report.same(f"{name} SHA-256", facts[1], total.hexdigest())

    def _block(self, line: Line) -> None:
        """Follow the chain through ``blocks.jsonl``."""
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
        self._known[journal, seq] = facts
        self._chains[journal, seq] = chain.hex()
        gateway = files.gateway_of(journal)
        self._last[gateway] = (journal, seq, chain)
        self._report.heads[gateway] = f"{journal}/{seq} {chain.hex()}"

    def _follows(self, place: str, journal: str, seq: int, prev: bytes) -> None:
        before = self._last.get(files.gateway_of(journal))
        if before is not None:
            self._report.same(f"{place} previous hash", before[2].hex(), prev.hex())
            due = before[1] + 1 if journal == before[0] else 1
            self._report.same(f"{place} number", due, seq)

    def _frame(self, line: Line) -> None:
        report, ref = self._report, FrameRef.parse(line["ref"])
        e = Entry(
            Direction[str(line["direction"]).upper()], int(line["received_us"]),
            line["conn"], line["mn"], line["verdict"], b64decode(line["raw"], validate=True),
        )  # fmt: skip
        report.same(f"frame {ref} received", from_us(e.received_us).isoformat(), line["received"])
        if self._before is not None and ref <= self._before:
            report.problems.append(
                f"frame {ref}: a place after {self._before} expected; no frame counts twice"
            )
        self._before = ref
        block = self._known.get((ref.journal, ref.block))
        if block is None:
            report.problems.append(f"frame {ref}: its block expected in {BLOCKS}, none found")
            return
        path = [[bytes.fromhex(child) for child in children] for children in line["proof"]]
        [leaf] = tree.leaves([e])
        if not tree.proves(leaf, ref.index, block.count, path, block.frames_root):
            report.problems.append(
                f"frame {ref}: a proof up to {block.frames_root.hex()} expected, the frame's bytes do not lead there"
            )
        self._found[ref.journal, ref.block, e.mn] += 1


def _lines(package: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with package.open(name) as stream:
        yield from stream
