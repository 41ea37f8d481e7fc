"""The Ed25519 key that signs statements about the journal: one PEM file (PKCS #8), for its owner only."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mingcha.store.journal.errors import KeyTrouble

MODE = 0o600


class SigningKey:
    """A private key. ``public``: 64 hex digits."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def save(self, path: Path) -> None:
        """Write a file that was not there before: all of it or nothing, whenever the process is killed.

        Raises:
            FileExistsError: it was.
        """
        pem = self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.unlink(missing_ok=True)  # of one that was killed here
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(part)
        finally:
            part.unlink(missing_ok=True)


def make() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.generate())


def load(path: Path) -> SigningKey | None:
    """The key kept in ``path``; None where there is none.

    Raises:
        KeyTrouble: others may read the file, or it holds no Ed25519 key.
    """
    if not path.exists():
        return None
    if (mode := path.stat().st_mode & 0o777) & 0o077:
        raise KeyTrouble(f"{path}: mode {mode:o} found, {MODE:o} expected; others may know the key: "
                         f"`chmod 600 {path}`, then `mingcha journal key --rotate`")  # fmt: skip
    private = None
    with suppress(ValueError, TypeError):
        private = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyTrouble(f"{path}: an Ed25519 key in PEM (PKCS #8) expected, something else found; "
                         "put back the file from a backup")  # fmt: skip
    return SigningKey(private)


def signed_by(public: str, signature: bytes, message: bytes) -> bool:
    """True where the holder of ``public`` signed ``message``."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
