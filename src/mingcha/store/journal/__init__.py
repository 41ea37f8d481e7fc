"""Evidence: raw frames in durable, hash-chained blocks. The bytes are laid down in ``FORMAT.md``."""

from mingcha.store.journal.entry import Direction, Entry
from mingcha.store.journal.errors import JournalFailed, JournalFormat, JournalInUse
from mingcha.store.journal.package import PackageFailed, export
from mingcha.store.journal.package_check import PackageReport, verify_package
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.verify import Anchor, Fault, Head, VerifyReport
from mingcha.store.journal.writer import Journal

__all__ = [
    "Anchor",
    "Direction",
    "Entry",
    "Fault",
    "Head",
    "Journal",
    "JournalFailed",
    "JournalFormat",
    "JournalInUse",
    "JournalReader",
    "PackageFailed",
    "PackageReport",
    "VerifyReport",
    "export",
    "verify_package",
]
