#!/usr/bin/env python3
"""Check a mingcha journal or an evidence package from outside. Written from FORMAT.md; needs nothing of mingcha.

    python verify_journal.py FOLDER|PACKAGE.zip [--key PUBLIC_KEY ...] [--checkpoints COPY]

Needs Python 3.11 and `zstandard` (packages: the standard library alone); signatures need `cryptography`.
Exit code 0: all fits. 1: something does not. 2: wrong use, or signatures could not be checked here.
"""

import argparse
import base64
import hashlib
import json
import re
import sqlite3
import struct
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

FAN = 16
HEADER = struct.Struct("<4sIqqIQQ32s32s")
HASHES = ("payload_sha256", "stored_sha256", "frames_root", "prev", "chain")
COLUMNS = ("block", "first_us", "last_us", "count", "size", "stored_size", *HASHES, "payload")
Row = dict[str, Any]  # a header, a frame, a line of JSON
Place = tuple[str, int]  # file, block
Lawful = dict[Place, tuple[set[int], list[int]]]  # indices that may be gone, numbers of the records
Good = list[tuple[Row, str]]  # body of a statement, SHA-256 of its line
Entry = tuple[int, int, str, str, str, bytes]  # direction, received_us, conn, mn, verdict, raw
problems: list[str] = []
notes: list[str] = []
unchecked: list[str] = []


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def expect(place: str, expected: object, found: object) -> bool:
    """Compare; a difference is a fault."""
    if expected != found:
        problems.append(f"{place}: {expected} expected, {found} found")
    return expected == found


# --- §4 trees


def entry_leaf(direction: int, us: int, conn: str, mn: str, verdict: str, raw: bytes) -> bytes:
    texts = [text.encode("utf-8", "surrogatepass") for text in (conn, mn, verdict)]
    return sha(struct.pack("<BBq", 0, direction, us), *(len(t).to_bytes(2, "little") + t for t in texts), raw)


def count_leaf(mn: str, count: int) -> bytes:
    return sha(b"\x02", count.to_bytes(8, "little"), mn.encode("utf-8", "surrogatepass"))


def root_of(kept: Sequence[bool], leaves: Iterable[bytes], tops: Iterable[bytes] = ()) -> bytes:
    """The root from the kept leaves and the hashes of what is gone."""
    left, gone, height, width = iter(leaves), iter(tops), 1, FAN
    while width < len(kept):
        height, width = height + 1, width * FAN

    def node(level: int, first: int) -> bytes:
        size = FAN**level
        if not any(kept[first : first + size]):
            found = next(gone, None)
        elif level == 0:
            found = next(left, None)
        else:
            starts = range(first, min(first + size, len(kept)), size // FAN)
            found = sha(b"\x01", *(node(level - 1, start) for start in starts))
        if found is None:
            raise ValueError("hashes are missing")
        return found

    root = node(height, 0)
    if next(left, None) is not None or next(gone, None) is not None:
        raise ValueError("hashes are left over")
    return root


def leads_to(leaf: bytes, index: int, count: int, proof: list[list[str]], root: bytes) -> bool:
    """True where the proof takes the leaf to the root of a tree of so many leaves."""
    for children in proof:
        hashes = [bytes.fromhex(child) for child in children]
        if not 0 <= index < count or len(hashes) != min(FAN, count - index // FAN * FAN):
            return False
        if hashes[index % FAN] != leaf:
            return False
        leaf, index, count = sha(b"\x01", *hashes), index // FAN, -(-count // FAN)
    return bool(proof) and count == 1 and leaf == root


# --- §3 payload


class Bytes:
    """Takes bytes from the front."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise ValueError(f"{size} bytes expected at {self.at}, {len(self.data) - self.at} found")
        self.at += size
        return self.data[self.at - size : self.at]

    def planes(self, width: int, count: int, *, signed: bool = False) -> list[int]:
        data = self.take(width * count)
        return [int.from_bytes(data[k::count], "little", signed=signed) for k in range(count)]

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def strings(self) -> list[str]:
        return [self.take(size).decode("utf-8", "surrogatepass") for size in self.planes(2, self.number())]


def entries_of(payload: bytes) -> list[Entry]:
    data = Bytes(payload)
    if data.take(1) != b"\x01":
        raise ValueError("payload version 1 expected")
    count = data.number()
    directions, steps = data.take(count), data.planes(8, count, signed=True)
    conns, verdicts = data.planes(4, count), data.planes(4, count)
    places, mn_sizes, sizes = data.planes(2, count), data.planes(2, count), data.planes(4, count)
    conn_names, verdict_names = data.strings(), data.strings()
    apart = [data.take(mn_sizes[k]) if places[k] == 0xFFFF else b"" for k in range(count)]
    raws = [data.take(size) for size in sizes]
    if data.at != len(payload):
        raise ValueError("bytes are left over")
    found, us = list[Entry](), 0
    for k in range(count):
        us += steps[k]
        mn = apart[k] or raws[k][places[k] : places[k] + mn_sizes[k]]
        found.append((directions[k], us, conn_names[conns[k]], mn.decode("utf-8", "surrogatepass"),
                      verdict_names[verdicts[k]], raws[k]))  # fmt: skip
    return found


def unpacked(data: bytes) -> bytes:
    import zstandard

    size = zstandard.frame_content_size(data) if data[:4] == b"\x28\xb5\x2f\xfd" else -1
    if not 0 <= size <= 1 << 30:
        raise ValueError(f"a payload of {size} bytes is not plausible")
    try:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


# --- §2 chain


class Chain:
    """Follows the blocks of one gateway, whole or only their headers."""

    def __init__(self, prev: bytes | None = None) -> None:
        self.prev, self.journal, self.seq = prev, "", 0
        self.blocks = self.frames = 0

    def take(self, head: Row) -> None:
        journal, seq = head["journal"], head["block"]
        place = f"{journal}/{seq}"
        if self.prev is not None:
            expect(f"{place} previous hash", self.prev.hex(), head["prev"].hex())
        if self.prev is not None and (self.journal or seq != 1):
            expect(f"{place} number", self.seq + 1 if journal == self.journal else 1, seq)
        numbers = (head[name] for name in ("first_us", "last_us", "count", "size", "stored_size"))
        packed = HEADER.pack(b"MCB1", seq, *numbers, head["stored_sha256"], head["frames_root"])
        chain = sha(head["prev"], head["payload_sha256"], packed, journal.encode())
        expect(f"{place} chain hash", chain.hex(), head["chain"].hex())
        self.prev, self.journal, self.seq = head["chain"], journal, seq
        self.blocks += 1
        self.frames += head["count"]


def block_entries(block: Row, lawful: Lawful) -> tuple[list[Entry], bool]:
    """Its entries, and whether all are there. §3, §7"""
    place, stored = f"{block['journal']}/{block['block']}", block["payload"]
    if stored[:4] == b"MCD1":
        content = unpacked(stored[8:])
        version, count, hashes = struct.unpack_from("<BII", content)
        flags = content[9 : 9 + count]
        end = 9 + count + 32 * hashes
        tops = [content[k : k + 32] for k in range(9 + count, end, 32)]
        entries = entries_of(content[end:]) if len(content) > end else []
        expect(f"{place} version, count", (1, block["count"]), (version, count))
        root = root_of([flag == 1 for flag in flags], [entry_leaf(*e) for e in entries], tops)
        gone = {index for index, flag in enumerate(flags) if not flag}
        allowed, numbers = lawful.get((block["journal"], block["block"]), (set(), []))
        if expect(f"{place} dropped entries that no signed record names", 0, len(gone - allowed)):
            notes.append(f"{place}: {len(gone)} entries dropped under record {', '.join(map(str, numbers))}")
    else:
        expect(f"{place} stored bytes", block["stored_sha256"].hex(), sha(stored).hex())
        expect(f"{place} stored size", block["stored_size"], len(stored))
        payload = unpacked(stored)
        expect(
            f"{place} payload",
            (block["size"], block["payload_sha256"].hex()),
            (len(payload), sha(payload).hex()),
        )
        entries, gone = entries_of(payload), set()
        expect(f"{place} entries", block["count"], len(entries))
        times = [e[1] for e in entries]
        expect(f"{place} times", (block["first_us"], block["last_us"]), (min(times), max(times)))
        root = root_of([True] * len(entries), [entry_leaf(*e) for e in entries])
    expect(f"{place} tree", block["frames_root"].hex(), root.hex())
    return entries, not gone


# --- §6 statements


def signed_by(public: str, signature: bytes, message: bytes) -> bool | None:
    """True, False, or None where this machine cannot tell."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        if not unchecked:
            unchecked.append("signatures were NOT checked: `cryptography` cannot be imported here")
        return None
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def statements_of(content: bytes, trusted: Sequence[str], *, gaps: bool = False) -> Good:
    """The statements whose number, hash, key and signature fit."""
    good, key, before, digest = Good(), "", 0, "0" * 64
    for line in content[: content.rfind(b"\n") + 1].split(b"\n")[:-1]:
        signature, text = bytes.fromhex(line[:128].decode()), line[129:]
        body = json.loads(text)
        number, place = body["number"], f"statement {body['number']}"
        if not (gaps and number > before + 1):
            fits = expect(f"{place} number", before + 1, number)
            _ = fits and expect(f"{place} previous hash", digest, body["prev"])
        before, digest = number, sha(line).hex()
        signer = key
        if body["kind"] == "key":
            new = body["public"]
            proof = b"mingcha journal key 1\n" + bytes.fromhex(new) + bytes.fromhex(body["prev"])
            if signed_by(new, bytes.fromhex(body["proof"]), proof) is False:
                problems.append(f"{place}: a proof by the new key's holder expected, none found")
            if not key and trusted:
                expect(f"{place}: first key among those given", True, new in trusted)
            signer = new if not key or ("lost" in body and new in trusted) else key
            key = new
        if not signer or signed_by(signer, signature, b"mingcha journal statement 1\n" + text) is False:
            problems.append(f"{place}: a signature of key {signer} expected, another found")
        else:
            good.append((body, digest))
    if trusted and not good:
        problems.append(f"statements signed by {', '.join(trusted)} expected, none found")
    if key:
        notes.append(
            f"last key {key}" + ("" if trusted else "  (compare it with one got by another way: --key)")
        )
    return good


def lawful_drops(good: Good, read: Callable[[str], bytes]) -> Lawful:
    """What signed records allow to be gone. §7"""
    found: Lawful = {}
    for body, _ in good:
        if body["kind"] == "retention":
            content = read(f"retention/{body['number']:08d}.jsonl")
            if expect(f"list of record {body['number']}", body["list_sha256"], sha(content).hex()):
                for row in map(json.loads, content.splitlines()):
                    indices, numbers = found.setdefault((row["journal"], row["block"]), (set(), []))
                    indices.update(i for first, last in row["dropped"] for i in range(first, last + 1))
                    numbers.append(body["number"])
    return found


def look_at_stamps(good: Good, stamps: Iterable[tuple[int, bytes]]) -> None:
    """That each stamp holds the digest of its statement; its signature is for `openssl ts`."""
    digests = {body["number"]: digest for body, digest in good}
    for number, answer in stamps:
        digest = digests.get(number, "none")
        inside = digest != "none" and bytes.fromhex(digest) in answer
        expect(f"stamp {number} is about statement {number}", True, inside)
        notes.append(
            f"stamp {number}: openssl ts -verify -digest {digest} -in stamps/{number:08d}.tsr -CAfile ROOTS"
        )


def heads_of(good: Good) -> list[tuple[int, Row]]:
    return [
        (body["number"], head) for body, _ in good if body["kind"] == "checkpoint" for head in body["heads"]
    ]


# --- a journal


def rows_of(path: Path) -> Iterator[Row | int]:
    """Rows as stored; the number of blocks the file says it has comes last."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'blocks'").fetchone():
            expect(f"{path.stem} structure", ["ok"], [row[0] for row in db.execute("PRAGMA quick_check(3)")])
            for row in db.execute("SELECT * FROM blocks ORDER BY seq"):
                yield dict(zip(COLUMNS, row, strict=True))
        yield int(db.execute("PRAGMA user_version").fetchone()[0])
    finally:
        db.close()


def check_journal(folder: Path, trusted: Sequence[str], copy: Path | None) -> str:
    path = copy or folder / "checkpoints.jsonl"
    good = statements_of(path.read_bytes() if path.exists() else b"", trusted)
    lawful = lawful_drops(
        good, lambda name: (folder / name).read_bytes() if (folder / name).exists() else b""
    )
    look_at_stamps(good, [(int(p.stem), p.read_bytes()) for p in sorted((folder / "stamps").glob("*.tsr"))])
    names = sorted(p.stem for p in folder.glob("*.sqlite3") if re.fullmatch(r"[a-z0-9]+-[0-9]{8}", p.stem))
    blocks = frames = 0
    for gateway in sorted({n.rpartition("-")[0] for n in names} | {h["gateway"] for _, h in heads_of(good)}):
        files = [name for name in names if name.rpartition("-")[0] == gateway]
        chain = check_gateway(
            folder, gateway, files, lawful, [h for h in heads_of(good) if h[1]["gateway"] == gateway]
        )
        blocks, frames = blocks + chain.blocks, frames + chain.frames
    if not good:
        notes.append("no signed checkpoint: a cut-off end cannot be told")
    return f"{blocks} blocks, {frames} frames, {len(good)} signed statements"


def check_gateway(
    folder: Path, gateway: str, files: Sequence[str], lawful: Lawful, heads: Iterable[tuple[int, Row]]
) -> Chain:
    chain = Chain(sha(b"mingcha journal 1\n" + gateway.encode()))
    signed: dict[Place, list[tuple[int, Row]]] = {}
    for number, head in heads:
        signed.setdefault((head["journal"], head["block"]), []).append((number, head))
    stations: Counter[str] | None = Counter()
    for name in files:
        try:
            for row in rows_of(folder / f"{name}.sqlite3"):
                if isinstance(row, int):
                    expect(f"{name} blocks in the file", row, chain.seq if chain.journal == name else 0)
                    continue
                chain.take({**row, "journal": name})
                entries, whole = block_entries({**row, "journal": name}, lawful)
                if stations is not None:
                    stations = stations + Counter(e[3] for e in entries) if whole else None
                for number, head in signed.pop((name, row["block"]), []):
                    place = f"{name}/{row['block']} as checkpoint {number} signed"
                    expect(place, (head["chain"], head["blocks"], head["frames"]),
                           (row["chain"].hex(), chain.blocks, chain.frames))  # fmt: skip
                    if stations is not None and head["after"] < head["block"]:
                        expect(
                            f"{place}, stations", (head["stations"], head["counts_root"]), counted(stations)
                        )
                    stations = Counter()
        except (sqlite3.Error, ValueError, TypeError, struct.error, IndexError) as error:
            problems.append(f"{name} after block {chain.seq}: cannot be read: {error!r}")
    for (name, block), found in list(signed.items())[:1]:
        problems.append(
            f"{name}/{block}: block {found[0][1]['chain']} of checkpoint {found[0][0]} expected, none found"
        )
    notes.append(f"head {chain.journal}/{chain.seq}={(chain.prev or b'').hex()}")
    return chain


def counted(stations: Counter[str]) -> tuple[int, str]:
    rows = sorted(stations.items(), key=lambda row: row[0].encode("utf-8", "surrogatepass"))
    return len(rows), root_of([True] * len(rows), [count_leaf(*row) for row in rows]).hex() if rows else ""


# --- a package (§8)


def check_package(path: Path, trusted: Sequence[str]) -> str:
    with zipfile.ZipFile(path) as package:
        manifest = json.loads(package.read("manifest.json"))
        expect("format", "mingcha evidence package 2", manifest["format"])
        expect("files", sorted([*manifest["files"], "manifest.json"]), sorted(package.namelist()))
        for name, facts in manifest["files"].items():
            expect(f"{name} SHA-256", facts["sha256"], sha(package.read(name)).hex())
        good = statements_of(package.read("checkpoints.jsonl"), trusted, gaps=True)
        lawful_drops(good, package.read)
        stamps = [name for name in package.namelist() if name.startswith("stamps/")]
        look_at_stamps(good, [(int(name[7:-4]), package.read(name)) for name in stamps])
        chains, blocks = dict[str, Chain](), dict[Place, Row]()
        for line in map(json.loads, package.read("blocks.jsonl").splitlines()):
            head = {**line, **{name: bytes.fromhex(line[name]) for name in HASHES}}
            chains.setdefault(line["journal"].rpartition("-")[0], Chain()).take(head)
            blocks[line["journal"], line["block"]] = head
        frames = check_frames(package.read("frames.jsonl").splitlines(), blocks)
        counts = [json.loads(line) for line in package.read("counts.jsonl").splitlines()]
        check_intervals(manifest["mns"], good, blocks, frames, counts, trusted)
    return f"{len(blocks)} blocks, {sum(frames.values())} frames, {len(good)} signed statements"


def check_frames(lines: Iterable[bytes], blocks: dict[Place, Row]) -> Counter[tuple[str, int, str]]:
    """How many proven frames stand in each (journal, block, MN)."""
    found, before = Counter[tuple[str, int, str]](), ("", 0, -1)
    for line in map(json.loads, lines):
        journal, block, index = line["ref"].split("/")
        place = (journal, int(block), int(index))
        expect(f"{line['ref']} comes after the frame before", True, place > before)
        before, head = place, blocks.get(place[:2])
        leaf = entry_leaf(("in", "out").index(line["direction"]), line["received_us"], line["conn"], line["mn"],
                          line["verdict"], base64.b64decode(line["raw"], validate=True))  # fmt: skip
        if head is None or not leads_to(leaf, place[2], head["count"], line["proof"], head["frames_root"]):
            problems.append(f"{line['ref']}: its bytes do not lead to the root of a block in the package")
        found[place[0], place[1], line["mn"]] += 1
    return found


def check_intervals(
    mns: list[str] | None,
    good: Good,
    blocks: dict[Place, Row],
    frames: Counter[tuple[str, int, str]],
    counts: list[Row],
    trusted: Sequence[str],
) -> None:
    """Compare what was signed of each interval with what is here."""
    told = {(line["checkpoint"], line["gateway"], line.get("mn")): line for line in counts}
    signed: dict[str, Place] = {}
    for number, head in heads_of(good):
        end = blocks.get((head["journal"], head["block"]))
        if end is None or not expect(f"checkpoint {number} chain", head["chain"], end["chain"].hex()):
            continue
        places = [(head["journal"], seq) for seq in range(head["after"] + 1, head["block"] + 1)]
        name = f"{head['journal']}/{head['after'] + 1}–{head['block']}"
        signed[head["gateway"]] = (head["journal"], head["block"])
        if not places or any(place not in blocks for place in places):
            continue
        if mns is None:
            inside, due = set(places), sum(blocks[place]["count"] for place in places)
            there = sum(n for place, n in frames.items() if place[:2] in inside)
            notes.append(f"{name}: {there} of {due} entries" + (" (complete)" if there == due else ""))
        for mn in mns or ():
            line = told.get((number, head["gateway"], mn), {})
            due = proven_count(mn, line["witness"], head) if "witness" in line else None
            there = sum(frames[journal, seq, mn] for journal, seq in places)
            if due is None:
                notes.append(f"{name}: completeness of {mn} not proven: {line.get('why', 'no signed count')}")
            elif expect(f"{name} entries of {mn} as signed", due, there):
                notes.append(f"{name}: all {due} entries of {mn} (complete)")
    loose = {(j, seq) for j, seq in blocks if (j, seq) > signed.get(j.rpartition("-")[0], ("", 0))}
    if loose:
        notes.append(f"{len(loose)} blocks are covered by no checkpoint in the package")
    if trusted:  # who names a key wants it to stand for every frame
        expect(
            "frames covered by no checkpoint", 0, sum(n for place, n in frames.items() if place[:2] in loose)
        )


def proven_count(mn: str, witness: list[Row], head: Row) -> int | None:
    """The signed number of entries of a station; a witness that proves nothing is a fault."""
    root, total = bytes.fromhex(head["counts_root"]), head["stations"]
    fits = all(
        leads_to(count_leaf(w["mn"], w["count"]), w["index"], total, w["proof"], root) for w in witness
    )
    names, places = [w["mn"].encode("utf-8", "surrogatepass") for w in witness], [w["index"] for w in witness]
    wanted = mn.encode("utf-8", "surrogatepass")
    if fits and names == [wanted]:
        return int(witness[0]["count"])
    between = len(names) == 2 and places[1] == places[0] + 1 and names[0] < wanted < names[1]
    first = len(names) == 1 and places == [0] and wanted < names[0]
    last = len(names) == 1 and places == [total - 1] and wanted > names[0]
    expect(f"witness of {mn} proves that it has no entry", True, fits and (between or first or last))
    return 0 if fits and (between or first or last) else None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the folder of a journal, or a package")
    parser.add_argument("--key", action="append", default=[], help="public key got by another way")
    parser.add_argument("--checkpoints", type=Path, help="a copy of checkpoints.jsonl kept elsewhere")
    given = parser.parse_args()
    trusted = [key.lower() for key in given.key]
    try:
        if given.path.is_dir():
            told = check_journal(given.path, trusted, given.checkpoints)
        else:
            told = check_package(given.path, trusted)
    except ImportError as error:
        print(f"cannot check: {error}; install it, for example `pip install zstandard`")
        return 2
    except (
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        LookupError,
        TypeError,
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
    ) as error:
        problems.append(f"{given.path}: cannot be read: {error!r}")
        told = "given up"
    for line in [*notes, *(f"FAULT {problem}" for problem in problems), *unchecked]:
        print(line)
    print(f"{told}: {'NOT intact' if problems else 'all that was checked fits'}")
    return 1 if problems else 2 if unchecked else 0


if __name__ == "__main__":
    sys.exit(main())
