"""The scale path of the journal: the same blocks on NATS JetStream, three replicas. ``FORMAT.md`` beside this file.

nats-py is the extra ``cluster`` and is imported only when a cluster is set.
"""

from pathlib import Path

from mingcha.store.journal.jetstream import local
from mingcha.store.journal.jetstream.errors import ClusterAway, ClusterMissing, ClusterRefused
from mingcha.store.journal.jetstream.journal import ClusterJournal
from mingcha.store.journal.jetstream.reader import ClusterReader
from mingcha.store.journal.jetstream.setting import EMBEDDED, Ack, Setting, parse
from mingcha.store.journal.jetstream.shipper import Place, Shipper, shipped
from mingcha.store.journal.reader import JournalReader
from mingcha.store.journal.writer import Journal

__all__ = [
    "EMBEDDED",
    "Ack",
    "ClusterAway",
    "ClusterJournal",
    "ClusterMissing",
    "ClusterReader",
    "ClusterRefused",
    "Place",
    "Setting",
    "Shipper",
    "local",
    "open_journal",
    "open_reader",
    "parse",
    "shipped",
]


def open_journal(folder: Path, setting: Setting | None, *, gateway: str = "g0") -> Journal | ClusterJournal:
    """The journal of a gateway, open for writing, on the engine that ``setting`` names (None: embedded)."""
    return (
        Journal(folder, gateway=gateway)
        if setting is None
        else ClusterJournal(folder, setting, gateway=gateway)
    )


def open_reader(folder: Path, setting: Setting | None) -> JournalReader:
    """The reader of all gateways: of the cluster where there is one, else of the files in ``folder``."""
    return JournalReader(folder) if setting is None else ClusterReader(folder, setting)
