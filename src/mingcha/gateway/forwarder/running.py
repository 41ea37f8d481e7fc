"""All targets of this process: begun, ended and begun anew as the register says; their states in small files."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from mingcha.core.errors import MingchaError
from mingcha.gateway.forwarder.forwarder import Forwarder
from mingcha.gateway.forwarder.position import FOLDER, held
from mingcha.gateway.forwarder.source import Read
from mingcha.gateway.forwarder.targets import Target
from mingcha.gateway.stats import status_read as read_json
from mingcha.gateway.stats import status_write
from mingcha.store.journal import JournalReader

log = structlog.get_logger("mingcha.forward")

REFRESH_S = 3.0  # a target that was set on the web begins after so long
AGAIN_S = 10.0  # a target that failed by an error of ours


def status_path(folder: Path, key: str) -> Path:
    """``folder``: the data folder."""
    return folder / FOLDER / f"{key}.status.json"


def status_read(folder: Path, key: str) -> dict[str, Any] | None:
    """What a target's forwarding last said of itself; None before it ever ran. ``folder``: the data folder."""
    return read_json(status_path(folder, key))


class Forwarding:
    """Forwards to the targets that ``targets`` gives (asked again and again, in a thread).

    ``folder``: the data folder. ``read``: decodes a preserved frame as its station's settings of that day ask.

    Raises (from ``run``):
        ForwardInUse: another process forwards from this data folder.
    """

    def __init__(
        self, reader: JournalReader, folder: Path, read: Read, targets: Callable[[], Sequence[Target]]
    ) -> None:
        self._reader = reader
        self._folder = folder
        self._read = read
        self._targets = targets
        self._tasks: dict[Target, asyncio.Task[None]] = {}
        self.forwarders: dict[str, Forwarder] = {}

    async def run(self, ended: asyncio.Event) -> None:
        """Forward until ``ended`` is set."""
        lock = await asyncio.to_thread(held, self._folder / FOLDER)
        try:
            while not ended.is_set():
                await self.refresh()
                with suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH_S):
                        await ended.wait()
        finally:
            await self._stop(list(self._tasks))
            lock.close()

    async def refresh(self) -> None:
        """Begin what is new, end what is gone, begin anew what was changed. A register that cannot be read changes nothing."""
        try:
            wanted = await asyncio.to_thread(self._targets)
        except (MingchaError, OSError) as error:
            log.warning("targets not readable, the last ones stay in force", error=str(error))
            return
        await self._stop([target for target in self._tasks if target not in wanted])
        for target in wanted:
            if target not in self._tasks:
                self._tasks[target] = asyncio.create_task(self._kept_up(target))

    async def _kept_up(self, target: Target) -> None:
        while True:
            forwarder = Forwarder(target, self._reader, self._folder / FOLDER, self._read, self._said)
            self.forwarders[target.key] = forwarder
            try:
                await forwarder.run()
            except Exception:
                log.exception("forwarding failed, begun again", target=target.key, after_s=AGAIN_S)
                await asyncio.sleep(AGAIN_S)

    async def _stop(self, targets: Sequence[Target]) -> None:
        tasks = [self._tasks.pop(target) for target in targets]
        for target, task in zip(targets, tasks, strict=True):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self.forwarders.pop(target.key, None)

    def _said(self, status: dict[str, Any]) -> None:
        try:
            status_write(status_path(self._folder, status["key"]), status)
        except OSError as error:
            log.warning("status not written", target=status["key"], why=str(error))
