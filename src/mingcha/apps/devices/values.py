"""Sealing of loggers' secrets under a key derived from the data folder's secret key; settings; forms of values."""

import base64
import re
import secrets as random
import string
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mingcha.core.clock import beijing_day
from mingcha.core.dated import Dated, load_dated
from mingcha.core.errors import BrokenEvidence

KEY_SIZE = 16  # characters of an SM4 key on the wire (NewSK)
HIDDEN = "******"  # what stands for a secret in a row, a page, an answer

_PURPOSE = b"mingcha device passwords 1"
_PASSWORD = re.compile(r"[!-~]{0,24}")  # the wire knows 6; real ones are empty or up to 24 (hj212.md)
_SEPARATORS = frozenset(";,=&")
_KEY = re.compile(r"[0-9A-Za-z]{16}")
_HOST = re.compile(r"(?=.{1,253}$)[0-9A-Za-z]([0-9A-Za-z.:-]*[0-9A-Za-z])?")  # name, IPv4 or IPv6
_TARGET = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@cache
def settings() -> dict[str, Dated]:
    return load_dated(Path(__file__).with_name("settings.yaml"))


def setting(key: str, at: datetime) -> int:
    """A whole number of ``settings.yaml`` as in force on the Beijing day of ``at``."""
    return settings()[key].whole(beijing_day(at))


def key_due_at(in_force_from: datetime) -> datetime:
    """Until when a key that holds since then is to be changed (HJ 212-2025 §6.4: 90 days)."""
    return in_force_from + timedelta(days=setting("key_days", in_force_from))


@lru_cache(maxsize=8)
def _key(secret: str) -> Fernet:
    """Derived once a process: the gateway opens thousands of passwords again and again."""
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


def new_key() -> str:
    """An SM4 key as it stands on the wire: 16 letters and digits from the machine's own randomness, 95 bits."""
    return "".join(random.choice(string.ascii_letters + string.digits) for _ in range(KEY_SIZE))


def key_problem(key: str) -> str:
    """What is wrong with an SM4 key given by a person; "" where nothing is."""
    if _KEY.fullmatch(key):
        return ""
    return f"密钥应为 {KEY_SIZE} 位字母或数字，现为 {len(key)} 位 ({KEY_SIZE} letters or digits expected)"


def host_problem(host: str) -> str:
    if _HOST.fullmatch(host):
        return ""
    return f"主机应为域名或 IP 地址，现为 {host!r} (a host name or an IP address is expected)"


def target_name_problem(name: str) -> str:
    if _TARGET.fullmatch(name):
        return ""
    return f"名称应为 1–40 位小写字母、数字、_ 或 -，以字母或数字开头，现为 {name!r} (lower-case letters, digits, _ and - expected)"


def why_problem(why: str) -> str:
    """A reason that is kept: some words, not more than the table holds."""
    if 0 < len(why.strip()) <= 500:
        return ""
    return (
        f"请填写原因，不超过 500 字，现为 {len(why.strip())} 字 (a reason of 1 to 500 characters is expected)"
    )
