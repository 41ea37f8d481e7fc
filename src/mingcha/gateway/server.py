"""The gateway: an asyncio TCP server that keeps every byte before it answers.

Order of one read: split → judge → journal (group commit in a thread) → answer. See ``commit`` for what is
promised, ``intake`` for the verdicts, ``caps`` for the bounds, ``host`` for what we ask of loggers.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from mingcha.core.clock import now_us
from mingcha.gateway import uptime
from mingcha.gateway.caps import Caps, Policy
from mingcha.gateway.commit import Appends, Committer, Work
from mingcha.gateway.connection import EVICTED, FULL, IDLE, MEMORY, STALLED, STOPPING, Connection
from mingcha.gateway.host import Host
from mingcha.gateway.intake import Intake, Taken
from mingcha.gateway.stations import Stations
from mingcha.gateway.stats import STATUS_NAME, Stats, status_write
from mingcha.store.journal import JournalFailed

log = structlog.get_logger("mingcha.gateway")

OnEvent = Callable[[str, dict[str, Any]], None]
BACKLOG = 1024  # loggers that reconnect together after an outage


class Gateway:
    """Receives HJ 212 and journals it.

    ``stations``: MN → what the register knows, or None. ``folder``: where the status and uptime files go, None
    = nowhere. ``on_event``: hears (name, fields) of quarantine, time setting, closed connections and
    journal failures; it must not block.
    """

    def __init__(
        self,
        journal: Appends,
        stations: Stations,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        caps: Caps | None = None,
        policy: Policy | None = None,
        folder: Path | None = None,
        name: str = "g0",
        on_event: OnEvent | None = None,
    ) -> None:
        self.caps = caps or Caps()
        self.counters = Stats(started_us=now_us())
        self.flooded = False
        self._journal = journal
        self._address = (host, port)
        self._policy = policy or Policy()
        self._folder = folder
        self._name = name
        self._on_event = on_event
        self._pending_bytes = 0
        self._connections: dict[Connection, None] = {}
        self._unproven: dict[Connection, None] = {}  # in the order of arrival
        self._strangers: set[str] = set()
        self.intake = Intake(stations, self._policy, self.counters)

    async def start(self) -> int:
        """Listen; return the port."""
        self.loop = asyncio.get_running_loop()
        self._empty = asyncio.Event()
        self._empty.set()
        self._host = Host(self._policy, self.caps, self.loop, self._tell)
        self._committer = Committer(
            self._journal, self.counters, batch_entries=self.caps.batch_entries, on_failure=self._journal_failed
        )  # fmt: skip
        host, port = self._address
        self._server = await self.loop.create_server(lambda: Connection(self), host, port, backlog=BACKLOG)
        self._uptime = uptime.Uptime(self._folder, self._name) if self._folder else None
        if self._uptime:
            self._uptime.write(uptime.START, now_us())
        self._sweeper = self.loop.create_task(self._sweep_forever())
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the connections, make durable what came in, and end."""
        self._sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeper
        self._server.close()
        for connection in list(self._connections):
            connection.expire()
        await self._committer.drain()
        for connection in list(self._connections):
            connection.close(STOPPING)
        await self._empty.wait()
        await self._committer.close()
        if self._uptime:
            self._uptime.write(uptime.STOP, now_us())
        await self._write_status()

    def stats(self) -> dict[str, Any]:
        """Live counters as plain JSON values."""
        self.counters.connections = len(self._connections)
        self.counters.queued_bytes = self._committer.queued_bytes
        return self.counters.snapshot(now_us())

    # --- called by connections ---------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        self._connections[connection] = None
        self._empty.clear()
        self._unproven[connection] = None
        self.counters.opened += 1
        if len(self._connections) > self.caps.connections:
            self._make_room(connection)
        if self.flooded:
            connection.pause()

    def lost(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        if not self._connections:
            self._empty.set()
        self._unproven.pop(connection, None)
        self._host.lost(connection)

    def heard(self, connection: Connection, taken: Sequence[Taken]) -> None:
        """Look at what was said: proof of being a logger, strangers, clocks, answers to our requests."""
        for one in taken:
            if one.message is not None:
                self._unproven.pop(connection, None)
                self._host.heard(connection, one.message, one.entry.received_us)
            elif one.entry.verdict.startswith("quarantine") and one.entry.mn not in self._strangers:
                self._meet_stranger(connection, one)

    def submit(self, work: Work) -> None:
        self.counters.bytes += work.size
        self.counters.replies += len(work.replies)
        self._committer.put(work)
        if not self.flooded and self._committer.queued_bytes > self.caps.queue_bytes:
            self.flooded = True
            for connection in self._connections:
                connection.pause()

    def relax(self) -> None:
        """Read again when half of the flood is on the disk."""
        if self.flooded and self._committer.queued_bytes <= self.caps.queue_bytes // 2:
            self.flooded = False
            for connection in self._connections:
                connection.resume()

    def pending(self, connection: Connection, more: int) -> None:
        """Half frames grew by ``more`` bytes."""
        self._pending_bytes += more
        if more > 0 and self._pending_bytes > self.caps.pending_bytes:
            connection.expire()
            connection.close(MEMORY)

    # --- inside ------------------------------------------------------------------------------------

    def _make_room(self, newcomer: Connection) -> None:
        """When full, the oldest connection that never sent a frame goes; if there is none, the newcomer."""
        oldest = next((c for c in self._unproven if not c.closing), newcomer)
        if oldest is not newcomer and self.loop.time() - oldest.opened >= self.caps.unproven_s:
            oldest.close(EVICTED)
        else:
            newcomer.close(FULL)

    def _meet_stranger(self, connection: Connection, one: Taken) -> None:
        if (
            len(self._strangers) < self.caps.connections
        ):  # bounded: a flood of invented numbers costs no memory
            self._strangers.add(one.entry.mn)
        self._tell("quarantine", {"mn": one.entry.mn, "conn": connection.name})

    def _journal_failed(self, error: JournalFailed) -> None:
        log.error("journal failed, nothing was acknowledged", error=str(error))
        self._tell("journal_failed", {"error": str(error)})

    def _tell(self, name: str, fields: dict[str, Any]) -> None:
        if self._on_event is not None:
            self._on_event(name, fields)

    async def _sweep_forever(self) -> None:
        beat = self.loop.time()
        while True:
            await asyncio.sleep(self.caps.sweep_s)
            self._sweep()
            if self._uptime and self.loop.time() - beat >= uptime.BEAT_S:
                beat = self.loop.time()
                self._uptime.write(uptime.BEAT, now_us())
            await self._write_status()

    def _sweep(self) -> None:
        """Half frames that waited too long, connections that say nothing, requests without answer."""
        now = self.loop.time()
        for connection in list(self._connections):
            if connection.stalled_since is not None and now - connection.stalled_since >= self.caps.stalled_s:
                connection.close(STALLED)
            if connection.paused:
                continue  # its silence is our doing
            if connection.half_since is not None and now - connection.half_since >= self.caps.half_frame_s:
                connection.expire()
            if now - connection.last_frame >= self.caps.idle_s:
                connection.close(IDLE)
        self._host.sweep(now)

    async def _write_status(self) -> None:
        if self._folder is not None:
            path = self._folder / STATUS_NAME.format(gateway=self._name)
            await asyncio.to_thread(status_write, path, self.stats())
