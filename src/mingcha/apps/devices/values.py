"""Sealing: secrets of loggers are kept encrypted under a key derived from the data folder's secret key."""

import base64
import re

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mingcha.core.errors import BrokenEvidence

_PURPOSE = b"mingcha device passwords 1"
_PASSWORD = re.compile(r"[!-~]{0,24}")  # the wire knows 6; real ones are empty or up to 24 (hj212.md)
_SEPARATORS = frozenset(";,=&")


def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(text: str, secrets: list[str]) -> bytes:
    """``text`` encrypted under the first of ``secrets``."""
    return MultiFernet([_key(secret) for secret in secrets]).encrypt(text.encode())


def unseal(sealed: bytes, secrets: list[str]) -> str:
    """The text again; ``secrets`` holds the present key and older ones.

    Raises:
        BrokenEvidence: none of the keys fits, or the bytes were changed.
    """
    try:
        return MultiFernet([_key(secret) for secret in secrets]).decrypt(sealed).decode()
    except InvalidToken:
        raise BrokenEvidence(
            "a sealed password does not open with the secret key of this data folder; "
            "put the old key back (MINGCHA_SECRET_KEY or the file secret_key) or set the password again"
        ) from None


def password_problem(password: str) -> str:
    """What is wrong with the password of a logger; "" where nothing is."""
    if not _PASSWORD.fullmatch(password) or _SEPARATORS & set(password):
        return "密码应为 0–24 个可见字符，不含 ; , = & (0 to 24 visible characters without ; , = & expected)"
    return ""
