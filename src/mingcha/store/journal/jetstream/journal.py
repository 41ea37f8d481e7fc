"""A local journal whose blocks also go to the cluster; what the gateway appends to."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from mingcha.core.refs import FrameRef
from mingcha.store.journal.entry import Entry
from mingcha.store.journal.errors import JournalFailed
from mingcha.store.journal.jetstream.client import needed
from mingcha.store.journal.jetstream.setting import Ack, Setting
from mingcha.store.journal.jetstream.shipper import Shipper
from mingcha.store.journal.writer import Journal


class ClusterJournal:
    """The journal of one gateway, open for writing, and its publisher. ``FORMAT.md`` §3 says what is promised.

    Raises:
        ClusterMissing: nats-py is not installed.
        JournalInUse: another writer holds this gateway's journal.
    """

    def __init__(self, folder: Path, setting: Setting, *, gateway: str = "g0") -> None:
        needed(setting)
        self.setting = setting
        self.local = Journal(folder, gateway=gateway)
        self.shipper = Shipper(self.local.folder, gateway, setting)
        self.shipper.start()

    @property
    def gateway(self) -> str:
        return self.local.gateway

    @property
    def folder(self) -> Path:
        return self.local.folder

    def append(self, entries: Sequence[Entry]) -> list[FrameRef]:
        """Make ``entries`` durable as one block, here and, where the setting says so, in the cluster.

        Raises:
            JournalFailed: nothing of it may be acknowledged. Where only the cluster was late the block is here
                and goes there later: what the loggers send again has one effect.
        """
        refs = self.local.append(entries)
        self.shipper.wake()
        if (
            refs
            and self.setting.ack is Ack.CLUSTER
            and not self.shipper.wait(refs[-1], self.setting.timeout_s)
        ):
            raise JournalFailed(
                f"block {refs[-1].journal}/{refs[-1].block} is durable here, but the cluster {self.setting.shown} has not "
                f"acknowledged it within {self.setting.timeout_s:.0f} s ({self.shipper.error or 'no answer'}); nothing of it "
                "is answered. Mend the cluster, or set MINGCHA_JOURNAL_ACK=local to answer without it"
            )
        return refs

    def close(self) -> None:
        """End the publisher, release files and lock."""
        self.shipper.close()
        self.local.close()

    def __enter__(self) -> "ClusterJournal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
