"""A folder of files named by their SHA-256: ``ab/abcd…``. Equal bytes are kept once and never change."""

import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path

from mingcha.core.errors import BrokenEvidence, LocalError, NotFound

CAP_BYTES = 64 << 20  # a scanned report of 200 pages has room; a film does not
_NAME = re.compile(r"[0-9a-f]{64}")


class BlobTooLarge(LocalError):
    """More bytes than the caller allows."""


class BlobFailed(LocalError):
    """The bytes could not be made durable (disk full, I/O error); nothing is stored."""

    permanent = False


class Blobs:
    """Content-addressed files under ``folder``. Threads and processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    def put(self, data: bytes, *, cap: int = CAP_BYTES) -> str:
        """Keep ``data`` durably; return its SHA-256, 64 hex digits.

        Raises:
            BlobTooLarge: ``data`` is longer than ``cap`` bytes.
            BlobFailed: the disk refused; nothing is stored.
        """
        if len(data) > cap:
            raise BlobTooLarge(
                f"{len(data)} bytes given, at most {cap} are kept; shrink the file and send it again"
            )
        name = sha256(data).hexdigest()
        path = self._path(name)
        try:
            if not _holds(path, data):
                _write(path, data)
        except OSError as error:
            raise BlobFailed(
                f"{path}: {error}. Nothing is stored; free disk space, then send it again"
            ) from error
        return name

    def get(self, name: str) -> bytes:
        """The bytes called ``name``, checked against it.

        Raises:
            NotFound: there are none.
            BrokenEvidence: the file holds other bytes.
        """
        path = self._path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise NotFound(f"no blob {name}") from None
        if (found := sha256(data).hexdigest()) != name:
            raise BrokenEvidence(f"{path}: SHA-256 {name} expected, {found} found; restore it from a backup")
        return data

    def __contains__(self, name: str) -> bool:
        return self._path(name).is_file()

    def _path(self, name: str) -> Path:
        if _NAME.fullmatch(name) is None:
            raise NotFound(f"{name!r} names no blob; expected 64 lower-case hex digits")
        return self.folder / name[:2] / name


def _holds(path: Path, data: bytes) -> bool:
    """True where the file is there and whole; a damaged one is written again."""
    return path.is_file() and path.read_bytes() == data


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".put-")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    for folder in (path.parent, path.parent.parent):
        _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
