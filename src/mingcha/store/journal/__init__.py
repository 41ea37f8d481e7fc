"""Evidence: raw frames in durable, hash-chained blocks, signed. The bytes are laid down in ``FORMAT.md``."""

from mingcha.store.journal.entry import Direction, Entry
from mingcha.store.journal.errors import (
    DroppedEntry,
    JournalFailed,
    JournalFormat,
    JournalInUse,
    KeyTrouble,
    StampFailed,
    StatementFailed,
)
from mingcha.store.journal.notary import Notary
from mingcha.store.journal.package import PackageFailed, export
from mingcha.store.journal.package_check import verify_package
from mingcha.store.journal.package_report import PackageReport
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.report import Anchor, Dropped, Fault, Head, VerifyReport
from mingcha.store.journal.writer import Journal

__all__ = [
    "Anchor",
    "Direction",
    "Dropped",
    "DroppedEntry",
    "Entry",
    "Fault",
    "Head",
    "Journal",
    "JournalFailed",
    "JournalFormat",
    "JournalInUse",
    "JournalReader",
    "KeyTrouble",
    "Notary",
    "PackageFailed",
    "PackageReport",
    "StampFailed",
    "StatementFailed",
    "VerifyReport",
    "export",
    "verify_package",
]
