"""The signed part of an evidence package: statements, stamps, and whether any frame is missing."""

import json
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.x509 import Certificate

from mingcha.core.errors import BrokenEvidence
from mingcha.store.journal import counts, stamps, statements
from mingcha.store.journal.block import Header
from mingcha.store.journal.errors import StampFailed
from mingcha.store.journal.files import gateway_of
from mingcha.store.journal.package import COUNTS, STATEMENTS
from mingcha.store.journal.package_report import PackageReport
from mingcha.store.journal.statements import CHECKPOINT, Statement

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What was read before: blocks, their chain hashes, proven frames of each block and MN; MNs asked for."""

    blocks: Mapping[Place, Header]
    chains: Mapping[Place, str]
    frames: Counter[tuple[str, int, str]]
    mns: Sequence[str] | None


def check(
    package: zipfile.ZipFile,
    report: PackageReport,
    found: Found,
    trusted: Collection[str],
    roots: Sequence[Certificate],
) -> None:
    """Add to ``report`` what signatures, stamps and counts say."""
    try:
        stated = [statements.parse(line) for line in package.read(STATEMENTS).splitlines()]
        told = {
            (line["checkpoint"], line["gateway"], line.get("mn")): line
            for line in map(json.loads, package.read(COUNTS).splitlines())
        }
    except (BrokenEvidence, ValueError, KeyError, TypeError) as error:
        report.problems.append(
            f"{STATEMENTS}, {COUNTS}: signed statements and counts expected, found: {error!r}"
        )
        return
    checked = statements.check(stated, trusted=trusted, gaps=True)
    report.problems += map(str, checked.faults)
    report.keys = checked.keys
    report.checkpoints = [one.number for one in checked.good if one.kind == CHECKPOINT]
    _stamps(package, report, {one.number: one.digest for one in checked.good}, roots)
    signed: dict[str, Place] = {}
    for number, head in _heads(checked.good):
        place = (head["journal"], head["block"])
        if place in found.chains:
            report.same(
                f"block {place[0]}/{place[1]} of checkpoint {number}", head["chain"], found.chains[place]
            )
            signed[head["gateway"]] = place
            if head["after"] < head["block"]:
                _interval(report, found, number, head, told)
    _unsigned(report, found, signed, strict=bool(trusted))


def _heads(good: Sequence[Statement]) -> Iterator[tuple[int, dict[str, Any]]]:
    for one in good:
        if one.kind == CHECKPOINT:
            for head in one.body["heads"]:
                yield one.number, head


def _stamps(
    package: zipfile.ZipFile,
    report: PackageReport,
    digests: Mapping[int, str],
    roots: Sequence[Certificate],
) -> None:
    for name in package.namelist():
        if name.startswith("stamps/"):
            number = int(name[len("stamps/") : -len(".tsr")])
            try:
                stamp = stamps.examine(number, digests.get(number, "none"), package.read(name), roots)
            except StampFailed as error:
                report.problems.append(str(error))
                continue
            word = "" if stamp.trusted else " (authority not checked: no root certificate given)"
            report.stamps[number] = f"{stamp.time.isoformat()}{word}"


def _interval(
    report: PackageReport,
    found: Found,
    number: int,
    head: Mapping[str, Any],
    told: Mapping[tuple[int, str, str | None], Mapping[str, Any]],
) -> None:
    """Compare the frames of one interval with what was signed of it."""
    places = [(head["journal"], seq) for seq in range(head["after"] + 1, head["block"] + 1)]
    name = f"{head['journal']}/{head['after'] + 1}–{head['block']}"
    if any(place not in found.blocks for place in places):
        report.open.append(f"{name}: not all blocks of checkpoint {number} are in the package")
    elif found.mns is None:
        _all(report, found, places, name)
    elif (number, head["gateway"], None) in told:
        report.open.append(f"{name}: {told[number, head['gateway'], None]['why']}")
    else:
        for mn in found.mns:
            _station(report, found, places, name, mn, head, told.get((number, head["gateway"], mn)))


def _all(report: PackageReport, found: Found, places: Sequence[Place], name: str) -> None:
    """Every station was asked for: the headers say how many entries there were."""
    there = Counter[Place]()
    for (journal, seq, _), n in found.frames.items():
        there[journal, seq] += n
    missing = sum(found.blocks[place].count - there[place] for place in places)
    if missing:
        report.open.append(f"{name}: {missing} entries are not in the package")
    else:
        report.complete.append(f"{name}: all entries")


def _station(
    report: PackageReport,
    found: Found,
    places: Sequence[Place],
    name: str,
    mn: str,
    head: Mapping[str, Any],
    line: Mapping[str, Any] | None,
) -> None:
    there = sum(found.frames[journal, seq, mn] for journal, seq in places)
    if line is None:
        report.open.append(f"{name}: the package has no signed count of {mn}")
        return
    try:
        due = counts.proven(mn, line["witness"], head["stations"], head["counts_root"])
    except (ValueError, KeyError, TypeError, IndexError):
        due = None
    if due is None:
        report.problems.append(
            f"{COUNTS}: {name} {mn}: a proof up to {head['counts_root']} expected, none found"
        )
        return
    report.same(f"{name}: entries of {mn} as signed", due, there)
    if due == there:
        report.complete.append(f"{name}: all {due} entries of {mn}")


def _unsigned(report: PackageReport, found: Found, signed: Mapping[str, Place], *, strict: bool) -> None:
    """Blocks that no signature reaches. Whoever names a key wants it to stand for every frame: then they are a fault."""
    for gateway in sorted({gateway_of(journal) for journal, _ in found.blocks}):
        end = signed.get(gateway, ("", 0))
        after = sum(gateway_of(j) == gateway and (j, seq) > end for j, seq in found.blocks)
        if after:
            report.open.append(f"{gateway}: {after} blocks after the last signed checkpoint")
        frames = sum(
            n for (j, seq, _), n in found.frames.items() if gateway_of(j) == gateway and (j, seq) > end
        )
        if strict and frames:
            report.problems.append(
                f"{gateway}: a checkpoint over all frames expected, {frames} are not covered by one"
            )
