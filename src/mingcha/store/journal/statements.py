"""Signed statements about the journals of a folder, one a line, each naming the one before. ``FORMAT.md`` §6.

A line is ``<signature> <body>``: 128 hex digits, a blank, JSON. The signature is over the bytes of the body as they
stand there, so nobody has to write JSON the same way twice.
"""

import json
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from io import RawIOBase
from pathlib import Path
from typing import Any

from mingcha.core.errors import BrokenEvidence
from mingcha.store.journal.errors import StatementFailed
from mingcha.store.journal.keys import SigningKey, signed_by
from mingcha.store.journal.report import Fault

FILE = "checkpoints.jsonl"
PLACE = "checkpoints"  # what stands for a journal in the faults of statements
KEY, CHECKPOINT, RETENTION = "key", "checkpoint", "retention"
SIGNED = b"mingcha journal statement 1\n"
PROVEN = b"mingcha journal key 1\n"
NOTHING = "0" * 64  # ``prev`` of number 1
_SIGNATURE = 128
_TAIL_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Statement:
    """``line``: as it stands in the file, without its LF."""

    line: bytes
    signature: bytes
    body: dict[str, Any]

    @property
    def number(self) -> int:
        return int(self.body["number"])

    @property
    def kind(self) -> str:
        return str(self.body["kind"])

    @property
    def at(self) -> str:
        """ISO 8601, UTC."""
        return str(self.body["at"])

    @property
    def digest(self) -> str:
        """What the next one calls ``prev``, and what is time-stamped."""
        return sha256(self.line).hexdigest()

    @property
    def signed(self) -> bytes:
        return SIGNED + self.line[_SIGNATURE + 1 :]


def parse(line: bytes) -> Statement:
    """One line without LF.

    Raises:
        BrokenEvidence: it is no statement.
    """
    try:
        signature = bytes.fromhex(line[:_SIGNATURE].decode("ascii"))
        body = json.loads(line[_SIGNATURE + 1 :])
        found = Statement(line, signature, body)
        bytes.fromhex(body["prev"])
        usable = found.number > 0 and found.kind != "" and found.at != ""
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenEvidence(_no_statement(line, repr(error))) from error
    if not usable or len(signature) != 64 or line[_SIGNATURE : _SIGNATURE + 1] != b" ":
        raise BrokenEvidence(_no_statement(line, "signature, blank and body expected"))
    return found


def _no_statement(line: bytes, why: str) -> str:
    return f"{FILE}: a signed statement expected, {line[:60]!r}… found ({why}); put back a copy"


def made(key: SigningKey, body: dict[str, Any]) -> Statement:
    """Sign ``body``."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    signature = key.sign(SIGNED + text)
    return Statement(signature.hex().encode() + b" " + text, signature, body)


def read(path: Path) -> list[Statement]:
    """All whole lines. What a killed writer left unfinished behind the last LF was never stated.

    Raises:
        BrokenEvidence: a line is no statement.
    """
    return [parse(line) for line in lines(path)]


def lines(path: Path) -> list[bytes]:
    """The whole lines, unread."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1].splitlines()


def last(path: Path, kind: str | None = None) -> Statement | None:
    """The last statement (of ``kind``), read from the end of the file."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _TAIL_BYTES)
        file.seek(start)
        tail = file.read()
    whole = tail[: tail.rfind(b"\n") + 1].splitlines()
    for line in reversed(whole[1:] if start else whole):
        found = parse(line)
        if kind in (None, found.kind):
            return found
    if start == 0:
        return None
    return next((s for s in reversed(read(path)) if kind in (None, s.kind)), None)


def append(path: Path, statement: Statement) -> None:
    """Make ``statement`` durable; only one process may do so at a time.

    Raises:
        StatementFailed: it is not in the file.
    """
    try:
        with path.open("ab", buffering=0) as file:
            end = _whole(path)
            file.truncate(end)  # what was torn by a kill or a full disk was never stated
            try:
                _write(file, statement.line + b"\n")
            except OSError:
                file.truncate(end)
                raise
    except OSError as error:
        raise StatementFailed(
            f"{path}: {error}. Statement {statement.number} was NOT made; free disk space and try again"
        ) from error


def _write(file: RawIOBase, data: bytes) -> None:
    if file.write(data) != len(data):
        raise OSError("the disk took only a part of it")
    os.fsync(file.fileno())


def _whole(path: Path) -> int:
    """Where the last whole line ends."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
    return size if not tail else size - len(tail) + tail.rfind(b"\n") + 1


@dataclass(slots=True)
class Checked:
    """``keys``: public keys in order. ``good``: statements whose signature is right."""

    faults: list[Fault] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    good: list[Statement] = field(default_factory=list)

    def fault(self, number: int, code: str, expected: str, found: str) -> None:
        self.faults.append(Fault(PLACE, number, code, expected, found))


def check(statements: Sequence[Statement], *, trusted: Collection[str] = (), gaps: bool = False) -> Checked:
    """Follow numbers, hashes, keys and signatures.

    ``trusted``: public keys known from elsewhere; where some are given, the first key and every key that
    the one before did not sign must be among them. ``gaps``: numbers may be left out (a package), but no keys.
    """
    done, before = Checked(), None
    for one in statements:
        due = 1 if before is None else before.number + 1
        if one.number != due and not (gaps and one.number > due):
            done.fault(one.number, "number", f"number {due}", f"number {one.number}")
        if one.number == due:
            prev = NOTHING if before is None else before.digest
            if one.body["prev"] != prev:
                done.fault(one.number, "prev", prev, str(one.body["prev"]))
        try:
            _signature(done, one, trusted)
        except (ValueError, KeyError, TypeError) as error:
            done.fault(one.number, "form", "the fields of FORMAT.md §6", repr(error))
        before = one
    if trusted and not statements:
        done.fault(0, "key", f"statements signed by {', '.join(trusted)}", "none")
    return done


def _signature(done: Checked, one: Statement, trusted: Collection[str]) -> None:
    if one.kind == KEY:
        _key(done, one, trusted)
    elif not done.keys:
        done.fault(one.number, "key", "a statement of the key before", "none")
    elif signed_by(done.keys[-1], one.signature, one.signed):
        done.good.append(one)
    else:
        done.fault(one.number, "signature", f"signature of key {done.keys[-1]}", "another")


def _key(done: Checked, one: Statement, trusted: Collection[str]) -> None:
    """A new key is signed by the old one, and proves that its maker holds it. The first signs itself."""
    public = str(one.body["public"])
    known = public in trusted
    old = done.keys[-1] if done.keys else None
    if not signed_by(public, bytes.fromhex(one.body["proof"]), proof_text(public, one.body["prev"])):
        done.fault(one.number, "key", "a proof of the new key's holder", "none")
        return
    signer = public if old is None or (one.body.get("lost") and known) else old
    if not signed_by(signer, one.signature, one.signed):
        done.fault(one.number, "key", f"a key signed by {signer}", f"{public}, not signed by it")
    elif old is None and trusted and not known:
        done.fault(one.number, "key", f"one of {', '.join(trusted)}", public)
    else:
        done.good.append(one)
    done.keys.append(public)


def proof_text(public: str, prev: str) -> bytes:
    """What a new key signs to show that its holder made it."""
    return PROVEN + bytes.fromhex(public) + bytes.fromhex(prev)


def heads_of(statements: Iterable[Statement], gateway: str) -> list[tuple[int, dict[str, Any]]]:
    """What checkpoints say of one gateway: number and head, oldest first."""
    return [
        (one.number, head)
        for one in statements
        if one.kind == CHECKPOINT
        for head in one.body["heads"]
        if head["gateway"] == gateway
    ]
