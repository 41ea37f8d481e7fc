"""The gateway: an asyncio TCP server that keeps every byte before it answers.

Order of one read: split → judge → journal (group commit in a thread) → answer, and tell the host. See ``commit`` for
what is promised, ``intake`` for the verdicts, ``caps`` for the bounds, ``host`` for what we ask of loggers, ``ports``
for who knows whom.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from ssl import SSLContext
from typing import Any

import structlog

from mingcha.core.clock import now_us
from mingcha.core.packets import KINDS
from mingcha.gateway import uptime
from mingcha.gateway.caps import Caps, Policy
from mingcha.gateway.commit import Appends, Committer
from mingcha.gateway.connection import EVICTED, FULL, IDLE, MEMORY, STALLED, STOPPING, Connection
from mingcha.gateway.host import Conduct, Host, Orders
from mingcha.gateway.intake import Intake
from mingcha.gateway.ports import Held, Sender
from mingcha.gateway.stations import Stations
from mingcha.gateway.stats import BOARD_NAME, STATUS_NAME, Stats, status_write
from mingcha.gateway.taken import Heard, Taken, message_of
from mingcha.protocol.hj212.codec import Arrival
from mingcha.store.journal import JournalFailed

log = structlog.get_logger("mingcha.gateway")

OnEvent = Callable[[str, dict[str, Any]], None]
BACKLOG = 1024  # loggers that reconnect together after an outage
SHOWN_MAX = 64  # characters of a stranger's MN that are logged
ORDINARY = frozenset(
    {*KINDS, "2021", "2041"}
)  # uploads of which the host needs to hear nothing while it asks nothing


class Gateway:
    """Receives HJ 212 and journals it.

    ``stations``: MN → what the register knows, or None. ``folder``: where the status and uptime files go, None
    = nowhere. ``on_event``: hears (name, fields) of quarantine, time setting, closed connections and
    journal failures, never with bytes of a frame; it must not block. ``orders``: commands people asked for.
    ``tls``: speak TLS. ``shared``: several processes listen on the same port (SO_REUSEPORT).
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
        orders: Orders | None = None,
        conduct: Conduct | None = None,
        tls: SSLContext | None = None,
        shared: bool = False,
    ) -> None:
        self.caps = caps or Caps()
        self.counters = Stats(started_us=now_us())
        self.flooded = False
        self._stopping = False
        self._journal = journal
        self._address = (host, port)
        self._policy = policy or Policy()
        self._folder = folder
        self._name = name
        self._on_event = on_event
        self._orders, self._conduct = orders, conduct
        self._tls = tls
        self._shared = shared
        self._pending_bytes = 0
        self._connections: dict[Held, None] = {}
        self._unproven: dict[Held, None] = {}  # in the order of arrival
        self._strangers: set[str] = set()
        self._stations = stations
        self.intake = Intake(stations, self._policy, self.counters)

    async def start(self) -> int:
        """Listen; return the port."""
        self.loop = asyncio.get_running_loop()
        self._empty = asyncio.Event()
        self._empty.set()
        self._host = Host(
            self._policy, self.caps, self.loop, self._tell,
            stations=self._stations, orders=self._orders, conduct=self._conduct,
        )  # fmt: skip
        self._committer = Committer(
            self._journal, self.counters, batch_entries=self.caps.batch_entries,
            on_failure=self._journal_failed, on_end=self._relax,
        )  # fmt: skip
        host, port = self._address
        self._server = await self.loop.create_server(
            lambda: Connection(self), host, port,
            backlog=BACKLOG, ssl=self._tls, reuse_port=self._shared or None,
        )  # fmt: skip
        self._uptime = uptime.Uptime(self._folder, self._name) if self._folder else None
        if self._uptime:
            self._uptime.write(uptime.START, now_us())
        self._sweeper = self.loop.create_task(self._sweep_forever())
        self._host.start()
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Read no more, make durable what came in, let the host end on it, close the connections, and end."""
        self._sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeper
        self._server.close()
        self._stopping = self.flooded = True
        for connection in list(self._connections):
            connection.pause()
            connection.expire()
        await self._committer.drain()
        await self._host.stop()
        await self._committer.drain()
        for connection in list(self._connections):
            connection.close(STOPPING)
        await self._empty.wait()
        await self._committer.close()
        if self._uptime:
            self._uptime.write(uptime.STOP, now_us())
        await self._write_status()
        await self._write_board()

    def stats(self) -> dict[str, Any]:
        """Live counters as plain JSON values."""
        self.counters.connections = len(self._connections)
        self.counters.queued_bytes = self._committer.queued_bytes
        self.counters.half_frame_bytes = self._pending_bytes
        self.counters.host = self._host.counts()
        return self.counters.snapshot(now_us())

    # --- called by connections ---------------------------------------------------------------------

    def opened(self, connection: Held) -> None:
        self._connections[connection] = None
        self._empty.clear()
        self._unproven[connection] = None
        self.counters.opened += 1
        if len(self._connections) > self.caps.connections:
            self._make_room(connection)
        if self.flooded:
            connection.pause()

    def closed(self, connection: Held) -> None:
        """The socket is gone; what it sent may still wait for the disk."""
        self._connections.pop(connection, None)
        if not self._connections:
            self._empty.set()
        self._unproven.pop(connection, None)

    def lost(self, connection: Held) -> None:
        """The socket is gone, and all that it sent is durable or refused."""
        self._host.lost(connection)

    def proven(self, connection: Held) -> None:
        """It sent a frame of a registered station."""
        self._unproven.pop(connection, None)

    def wanted(self, connection: Held, heard: list[tuple[str, Heard]]) -> list[tuple[str, Heard]]:
        """Of what was heard, that which tells the host something: little, as it waits for the disk.

        Ordinary uploads of a station of which nothing is asked say where it speaks and how, once for each command.
        """
        host = self._host
        said: set[tuple[str, str, bool]] = set()
        found: list[tuple[str, Heard]] = []
        for mn, one in heard:
            plain = type(one) is Arrival
            cn = one.head.cn if isinstance(one, Arrival) else one.cn
            if cn in ORDINARY and not host.asks(mn):
                if (plain and host.quiet(connection, mn)) or (mn, cn, plain) in said:
                    continue
                said.add((mn, cn, plain))
            found.append((mn, one))
        return found

    def heard(self, connection: Held, taken: Taken) -> None:
        """Look at what was said and is durable: strangers, clocks, answers to our requests."""
        for _, heard in self.wanted(connection, taken.heard):  # once more: those before may have said enough
            self._host.heard(connection, message_of(heard), taken.received_us)
        for message in taken.newcomers:
            self._host.stranger(connection, message, taken.received_us)
        for mn in taken.strangers:
            if mn not in self._strangers:
                self._meet_stranger(connection, mn)

    def submit(self, sender: Sender, taken: Taken) -> None:
        counters = self.counters
        counters.bytes += taken.size
        counters.replies += taken.weight - len(taken.entries)
        self._committer.put(sender, taken)
        if not self.flooded and self._committer.queued_bytes > self.caps.queue_bytes:
            self.flooded = True
            for connection in self._connections:
                connection.pause()

    def pending(self, connection: Held, more: int) -> None:
        """Half frames grew by ``more`` bytes."""
        self._pending_bytes += more
        if more > 0 and self._pending_bytes > self.caps.pending_bytes:
            connection.expire()
            connection.close(MEMORY)

    # --- inside ------------------------------------------------------------------------------------

    def _relax(self) -> None:
        """Read again when half of the flood is on the disk."""
        if self.flooded and not self._stopping and self._committer.queued_bytes <= self.caps.queue_bytes // 2:
            self.flooded = False
            for connection in self._connections:
                connection.resume()

    def _make_room(self, newcomer: Held) -> None:
        """When full, the oldest connection that never sent a frame goes; if there is none, the newcomer."""
        oldest = next((c for c in self._unproven if not c.closing), newcomer)
        if oldest is not newcomer and self.loop.time() - oldest.opened >= self.caps.unproven_s:
            oldest.close(EVICTED)
        else:
            newcomer.close(FULL)

    def _meet_stranger(self, connection: Held, mn: str) -> None:
        if (
            len(self._strangers) < self.caps.connections
        ):  # bounded: a flood of invented numbers costs no memory
            self._strangers.add(mn)
        self._tell("quarantine", {"mn": _shown(mn), "conn": connection.name})

    def _journal_failed(self, error: JournalFailed) -> None:
        log.error("journal failed, nothing was acknowledged", error=str(error))
        self._tell("journal_failed", {"error": str(error)})

    def _tell(self, name: str, fields: dict[str, Any]) -> None:
        if self._on_event is not None:
            self._on_event(name, fields)

    async def _sweep_forever(self) -> None:
        beat = board = self.loop.time()
        while True:
            await asyncio.sleep(self.caps.sweep_s)
            self._sweep()
            if self._uptime and self.loop.time() - beat >= uptime.BEAT_S:
                beat = self.loop.time()
                self._uptime.write(uptime.BEAT, now_us())
            await self._write_status()
            if self.loop.time() - board >= self.caps.board_s:
                board = self.loop.time()
                await self._write_board()

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

    async def _write_board(self) -> None:
        if self._folder is not None:
            path = self._folder / BOARD_NAME.format(gateway=self._name)
            await asyncio.to_thread(status_write, path, self.counters.board())


def _shown(mn: str) -> str:
    """An MN as a stranger sent it, safe to be logged."""
    text = mn[:SHOWN_MAX]
    return "".join(c if c.isprintable() else "?" for c in text)
