"""Accounts of the demonstration: passwords made at random, kept beside the data so they can be shown again."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "demo-accounts.json"
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
GROUPS, GROUP = 3, 4


@dataclass(frozen=True, slots=True)
class Account:
    """Who can sign in to the demonstration."""

    username: str
    password: str
    role: str
    role_zh: str
    name: str
    organisation: str


def new_password() -> str:
    """Twelve random characters in groups of four, easy to type: 59 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


def keep(folder: Path, accounts: Sequence[Account]) -> Path:
    """Write ``accounts`` into the data folder, readable by its owner only."""
    path = folder / FILE
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump([asdict(account) for account in accounts], file, ensure_ascii=False, indent=1)
    return path


def kept(folder: Path) -> tuple[Account, ...]:
    """The accounts written before; none where the file is gone."""
    path = folder / FILE
    if not path.exists():
        return ()
    return tuple(Account(**entry) for entry in json.loads(path.read_text(encoding="utf-8")))


def printed(accounts: Sequence[Account]) -> str:
    """The accounts as lines for a terminal."""
    if not accounts:
        return f"{FILE} is gone: set a password with `mingcha user`, or start with a new data folder"
    width = max(len(account.username) for account in accounts)
    return "\n".join(
        f"  {account.username:<{width}}  {account.password}  {account.role_zh}"
        + (f"（{account.organisation}）" if account.organisation else "")
        for account in accounts
    )
