"""RFC 3161 time stamps of checkpoints: an authority that is not us says when a statement was there at the latest.

Statements name the one before, so a stamp on the newest covers all of them; after an outage of the authority
only the newest is stamped. What it answered is kept whole: ``stamps/<number>.tsr`` (DER), as ``openssl ts`` reads it.
"""

import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from mingcha.core.errors import LocalError
from mingcha.store.journal import statements
from mingcha.store.journal.errors import StampFailed
from mingcha.store.journal.statements import CHECKPOINT, Statement

FOLDER = "stamps"
TIMEOUT_S = 5.0
ANSWER_MAX = 1 << 20
GRANTED = 0


@dataclass(frozen=True, slots=True)
class Stamp:
    """``time``: what the authority says. ``trusted``: its certificates lead to a root that was given."""

    number: int
    time: datetime
    trusted: bool


def path_of(folder: Path, number: int) -> Path:
    return folder / FOLDER / f"{number:08d}.tsr"


def stamped(folder: Path) -> list[int]:
    """Numbers of the statements that have a stamp."""
    return sorted(int(path.stem) for path in (folder / FOLDER).glob("*.tsr") if path.stem.isdigit())


def stamp_newest(folder: Path, url: str) -> int | None:
    """Have the newest checkpoint stamped; give its number, None where that was done before.

    Raises:
        StampFailed: the authority is away or its answer is of no use; call again later.
    """
    newest = statements.last(folder / statements.FILE, CHECKPOINT)
    if newest is None or path_of(folder, newest.number).exists():
        return None
    answer = ask(newest, url)
    path = path_of(folder, newest.number)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(exist_ok=True)
        part.write_bytes(answer)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StampFailed(f"{path}: {error}; free disk space, the stamp is asked for again") from error
    return newest.number


def ask(statement: Statement, url: str) -> bytes:
    """The authority's whole answer for ``statement``, after a look that it is about it and about this request."""
    request = TimestampRequestBuilder().data(statement.line).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = _posted(url, request.as_bytes())
    response = _decoded(answer, url)
    if response.status != GRANTED:
        raise StampFailed(f"{url}: status {response.status} {response.status_string}, 0 (granted) expected")
    if response.tst_info.nonce != request.nonce:
        raise StampFailed(f"{url}: the answer is for another request (nonce)")
    if response.tst_info.message_imprint.message.hex() != statement.digest:
        raise StampFailed(f"{url}: the answer is for other bytes than statement {statement.number}")
    return answer


def examine(number: int, digest: str, answer: bytes, roots: Sequence[x509.Certificate]) -> Stamp:
    """What a kept answer says about the statement whose SHA-256 is ``digest``.

    ``roots``: certificates of authorities one trusts; without them only the digest is compared.

    Raises:
        StampFailed: it is not about this statement, or does not lead to one of ``roots``.
    """
    response = _decoded(answer, f"stamp {number}")
    if response.tst_info.message_imprint.message.hex() != digest:
        raise StampFailed(f"stamp {number}: digest {digest} expected, another found")
    if roots:
        builder = VerifierBuilder()
        for root in roots:
            builder = builder.add_root_certificate(root)
        try:
            builder.build().verify(response, bytes.fromhex(digest))
        except VerificationError as error:
            raise StampFailed(
                f"stamp {number}: a signature under one of the given roots expected: {error}"
            ) from error
    return Stamp(number, response.tst_info.gen_time, bool(roots))


def roots_of(path: Path | None) -> list[x509.Certificate]:
    """The certificates of a PEM file.

    Raises:
        LocalError: it holds none.
    """
    if path is None:
        return []
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise LocalError(f"{path}: certificates in PEM expected: {error}") from error


def _decoded(answer: bytes, place: str) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(answer)
        if response.status == GRANTED:
            _ = response.tst_info.message_imprint
    except ValueError as error:
        raise StampFailed(f"{place}: an RFC 3161 answer expected: {error}") from error
    return response


def _posted(url: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise StampFailed(f"MINGCHA_TSA_URL {url!r}: an http or https address expected")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        peer = kinds[parts.scheme](parts.hostname, parts.port, timeout=TIMEOUT_S)
        try:
            peer.request("POST", target, body, {"Content-Type": "application/timestamp-query"})
            response = peer.getresponse()
            answer: bytes = response.read(ANSWER_MAX)
        finally:
            peer.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StampFailed(f"{url}: no answer ({error!r}); the stamp is asked for again later") from error
    if response.status != HTTPStatus.OK:
        raise StampFailed(f"{url}: HTTP {response.status} found, 200 expected; asked again later")
    return answer
