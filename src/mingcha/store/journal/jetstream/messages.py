"""A block as a message of JetStream and back. The layout is told in ``FORMAT.md`` beside this file."""

from collections.abc import Mapping
from typing import Any

from mingcha.core.errors import BrokenEvidence
from mingcha.store.journal import files
from mingcha.store.journal.block import Block

STREAM = "mingcha-journal-"
SUBJECTS = "mingcha.journal"
_PREFIX = "Mingcha-"
_BODY = "payload"
_NAMES = {
    column: _PREFIX + "-".join(part.capitalize() for part in column.split("_"))
    for column in files.COLUMNS
    if column != _BODY
}


def stream_of(gateway: str) -> str:
    return STREAM + gateway


def gateway_of(stream: str) -> str:
    return stream.removeprefix(STREAM)


def subjects_of(gateway: str) -> str:
    """All blocks of a gateway."""
    return f"{SUBJECTS}.{gateway}.*"


def subject_of(journal: str) -> str:
    """All blocks of one file: ``g0-20261123`` → ``mingcha.journal.g0.20261123``."""
    gateway, _, day = journal.rpartition("-")
    return f"{SUBJECTS}.{gateway}.{day}"


def journal_of(subject: str) -> str:
    """The file whose blocks have this subject."""
    gateway, day = subject.split(".")[-2:]
    return f"{gateway}-{day}"


def headers_of(block: Block) -> dict[str, str]:
    """The columns of the row besides the payload."""
    values = dict(zip(files.COLUMNS, files.row_of(block, block.seq, block.prev, block.chain), strict=True))
    return {
        name: value.hex() if isinstance(value := values[column], bytes) else str(value)
        for column, name in _NAMES.items()
    }


def row_of(subject: str, headers: Mapping[str, str] | None) -> dict[str, Any]:
    """The columns that the headers hold: hashes as bytes, the rest as integers.

    Raises:
        BrokenEvidence: a header is missing or has another form.
    """
    found: dict[str, Any] = {}
    for column, name in _NAMES.items():
        text = (headers or {}).get(name)
        try:
            found[column] = _value(column, text or "")
        except ValueError as error:
            raise BrokenEvidence(
                f"message of {subject}: header {name} holds {text!r}, which is no value of a block: {error}"
            ) from error
    return found


def block_of(subject: str, headers: Mapping[str, str] | None, body: bytes | None) -> Block:
    """The block a message holds; its bytes are checked when its entries are asked for.

    Raises:
        BrokenEvidence: a header is missing or has another form.
    """
    row = {**row_of(subject, headers), _BODY: body or b""}
    return files.block_of(journal_of(subject), tuple(row[column] for column in files.COLUMNS))


def _value(column: str, text: str) -> int | bytes:
    return bytes.fromhex(text) if column in _HASHES else int(text)


_HASHES = frozenset({"payload_sha256", "stored_sha256", "frames_root", "prev", "chain"})
