"""The log of a Delta table: it is told which files took the place of which, and follows what ``pointers`` say."""

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from deltalake import DeltaTable, Schema
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from mingcha.core.clock import now_us
from mingcha.store.telemetry.errors import TelemetryFailed
from mingcha.store.telemetry.history import schema
from mingcha.store.telemetry.history.layout import PARTITION, File, Partition
from mingcha.store.telemetry.history.place import Place

_RETENTION = {"delta.logRetentionDuration": "interval 7 days"}


class Table:
    """One Delta table of a generation."""

    def __init__(self, place: Place, generation: str, name: str) -> None:
        self.place, self.generation, self.name = place, generation, name

    @property
    def uri(self) -> str:
        return self.place.uri(self.generation, self.name)

    def path(self, file: str) -> str:
        """Of a file of this table, for the file system."""
        return self.place.below(self.generation, self.name, file)

    @cached_property
    def _delta(self) -> DeltaTable:
        if not self.place.remote:
            Path(self.uri).mkdir(parents=True, exist_ok=True, mode=0o700)
        options = self.place.storage_options() or None
        try:
            return DeltaTable(self.uri, storage_options=options)
        except TableNotFoundError:
            return self._create(options)

    def _create(self, options: dict[str, str] | None) -> DeltaTable:
        return DeltaTable.create(
            self.uri,
            Schema.from_arrow(schema.delta_schema(self.name)),
            mode="ignore",
            partition_by=list(PARTITION),
            name=self.name,
            configuration=_RETENTION,
            storage_options=options,
        )

    def live(self) -> dict[str, tuple[int, Partition]]:
        """The files that the table has now: path → (bytes, partition)."""
        self._delta.update_incremental()
        found = self._delta.get_add_actions(flatten=True)
        names = ("path", "size_bytes", "partition.kind", "partition.month", "partition.bucket")
        columns = [found[name].to_pylist() for name in names]
        return {
            path: (size, Partition(str(kind), str(month), int(bucket)))
            for path, size, kind, month, bucket in zip(*columns, strict=True)
        }

    def replace(self, partition: Partition, files: Iterable[File]) -> int:
        """Let a partition have exactly ``files``; give the version of the table.

        Raises:
            TelemetryFailed: another sealer was quicker, or the log cannot be written; the files stay unused.
        """
        wanted = {file.path: file for file in files if file.table == self.name}
        return self._commit({partition: wanted})

    def reconcile(self, wanted: dict[Partition, dict[str, File]]) -> int:
        """Let the whole table be what ``pointers`` say; a sealer killed between its steps leaves them apart."""
        gone: dict[Partition, dict[str, File]] = {
            partition: {} for _, partition in self.live().values() if partition not in wanted
        }
        return self._commit({**gone, **wanted})

    def _commit(self, wanted: dict[Partition, dict[str, File]]) -> int:
        try:
            live = self.live()
            actions = list(self._actions(live, wanted))
            if actions:
                self._delta.create_write_transaction(actions, "append", self._delta.schema(), list(PARTITION))
                self._delta.update_incremental()
            return self._delta.version()
        except DeltaError as error:
            self.__dict__.pop("_delta", None)
            raise TelemetryFailed(
                f"{self.uri}: {error}. Nothing was taken from the recent store; the next sealing tries again"
            ) from error

    def _actions(
        self, live: dict[str, tuple[int, Partition]], wanted: dict[Partition, dict[str, File]]
    ) -> Iterable[AddAction | RemoveAction]:
        moment = now_us() // 1000
        for path, (size, partition) in live.items():
            if partition in wanted and path not in wanted[partition]:
                yield RemoveAction(path, True, moment, size, partition.values())
        for partition, files in wanted.items():
            for path, file in files.items():
                if path not in live:
                    told = json.dumps({"numRecords": file.rows})
                    yield AddAction(path, file.bytes, partition.values(), moment, True, told)

    def tidy(self, keep_hours: int) -> int:
        """Delete files that were out of use for so long, and write a checkpoint; give how many files went."""
        gone = self._delta.vacuum(
            retention_hours=keep_hours, dry_run=False, enforce_retention_duration=False, full=True
        )
        self._delta.update_incremental()
        self._delta.create_checkpoint()
        self._delta.cleanup_metadata()
        return len(gone)
