"""Encryption of HJ 212-2025 (§6.4): SM4-128 (GB/T 32907), ECB without padding, by ``cryptography``'s own cipher.

Only the content between ``CP=&&`` and the closing ``&&`` is encrypted: whole blocks of 16 bytes; the last 0 to 15
bytes stay plain, so the length does not change. The CRC is made over the plain segment: decrypt first, then check.
ECB hides no equal blocks; that is how the standard has it.
"""

import base64
import re
import secrets

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.padding import PKCS7

from mingcha.core.errors import BadInput, LocalError
from mingcha.protocol.hj212.limits import CIPHER_BLOCK

try:
    from cryptography.hazmat.primitives.ciphers.algorithms import SM4
except ImportError as missing:  # pragma: no cover - cryptography without SM4 is older than the one we ask for
    raise LocalError("the installed `cryptography` has no SM4; install cryptography>=45") from missing

OPEN, CLOSE = b"CP=&&", b"&&"
KEY_BYTES = 16
_TEXT_FORM = re.compile(rb"\{((?:[ ]*0[xX][0-9A-Fa-f]{2}[ ]*,)*[ ]*0[xX][0-9A-Fa-f]{2})[ ]*,?[ ]*\}")


def check_key(key: bytes) -> bytes:
    """``key``, if it is one.

    Raises:
        BadInput: it has not 16 bytes.
    """
    if len(key) != KEY_BYTES:
        raise BadInput({"key": f"found {len(key)} bytes; an SM4 key has {KEY_BYTES}"})
    return key


def key_of(text: str) -> bytes:
    """A key as people write it: 32 hex digits, or the 16 characters of NewSK.

    Raises:
        BadInput: it is neither.
    """
    if re.fullmatch(r"[0-9A-Fa-f]{32}", text):
        return bytes.fromhex(text)
    if len(text) == KEY_BYTES and text.isascii():
        return text.encode()
    raise BadInput(
        {"key": f"found {len(text)} characters; expected 32 hex digits, or 16 characters as in NewSK"}
    )


def encrypt_bytes(content: bytes, key: bytes) -> bytes:
    """Whole blocks encrypted, the rest plain. Raises BadInput for a key that is none."""
    return _blocks(content, key, decrypt=False)


def decrypt_bytes(content: bytes, key: bytes) -> bytes:
    """The inverse of ``encrypt_bytes``."""
    return _blocks(content, key, decrypt=True)


def _blocks(content: bytes, key: bytes, *, decrypt: bool) -> bytes:
    try:
        cipher = Cipher(SM4(check_key(key)), modes.ECB())  # noqa: S305 - ECB is what HJ 212-2025 §6.4 asks for
        worker = cipher.decryptor() if decrypt else cipher.encryptor()
    except UnsupportedAlgorithm as error:  # pragma: no cover - depends on how OpenSSL was built
        raise LocalError(
            "this OpenSSL has no SM4; install the `cryptography` wheel, which brings one"
        ) from error
    whole = len(content) // CIPHER_BLOCK * CIPHER_BLOCK
    return worker.update(content[:whole]) + worker.finalize() + content[whole:]


def _content(segment: bytes) -> tuple[int, int]:
    """Where the content of CP begins and ends: up to the last ``&&``, as ciphertext may hold others.

    Raises:
        BadInput: the segment has no ``CP=&&…&&``.
    """
    start = segment.find(OPEN) + len(OPEN)
    end = len(segment) - len(CLOSE)
    if start < len(OPEN) or end < start or not segment.endswith(CLOSE):
        raise BadInput({"segment": "there is no CP=&&…&& at its end; only its content can be encrypted"})
    return start, end


def encrypt(segment: bytes, key: bytes) -> bytes:
    """The segment with the content of CP encrypted; its CRC is that of the plain segment.

    Raises:
        BadInput: a key that is none, or no ``CP=&&…&&``.
    """
    start, end = _content(segment)
    return segment[:start] + encrypt_bytes(segment[start:end], key) + segment[end:]


def decrypt(segment: bytes, key: bytes) -> bytes:
    """The inverse of ``encrypt``; whether the key was right is not known from this alone.

    Raises:
        BadInput: as ``encrypt``.
    """
    start, end = _content(segment)
    return segment[:start] + decrypt_bytes(segment[start:end], key) + segment[end:]


def from_text(segment: bytes) -> bytes | None:
    """A segment whose ciphertext is written out as ``{0xE4,0x3E,…}`` with its bytes in place; None where none is."""
    start = segment.find(OPEN) + len(OPEN)
    found = _TEXT_FORM.match(segment, start) if start >= len(OPEN) else None
    if found is None:
        return None
    return segment[:start] + bytes(int(one, 16) for one in found[1].split(b",")) + segment[found.end() :]


def to_text(segment: bytes) -> bytes:
    """An encrypted segment with its whole blocks written out as ``{0xE4,0x3E,…}``."""
    start, end = _content(segment)
    whole = start + (end - start) // CIPHER_BLOCK * CIPHER_BLOCK
    shown = b",".join(b"0x%02X" % byte for byte in segment[start:whole])
    return segment[:start] + b"{" + shown + b"}" + segment[whole:]


def authorization(user: str, password: str, key: bytes) -> str:
    """The Authorization value of HJ 212-2025 appendix H: base64 of ``user:password`` under SM4-ECB with PKCS7.

    Raises:
        BadInput: ``user`` holds a colon, or the key is none.
    """
    if ":" in user:
        raise BadInput({"user": "holds a colon, which parts user and password; remove it"})
    padder = PKCS7(CIPHER_BLOCK * 8).padder()
    padded = padder.update(f"{user}:{password}".encode()) + padder.finalize()
    return base64.b64encode(encrypt_bytes(padded, key)).decode()


def is_authorized(value: str, user: str, password: str, key: bytes) -> bool:
    """Whether ``value`` is what ``authorization`` makes; compared in constant time."""
    return secrets.compare_digest(value.strip().encode(), authorization(user, password, key).encode())
