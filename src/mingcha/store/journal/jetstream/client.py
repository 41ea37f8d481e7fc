"""The client of NATS: imported when first needed, with its event loop in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

import structlog

from mingcha.store.journal.jetstream.errors import ClusterAway, ClusterMissing, ClusterRefused
from mingcha.store.journal.jetstream.messages import stream_of, subjects_of
from mingcha.store.journal.jetstream.setting import Setting

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js import JetStreamContext

log = structlog.get_logger(__name__)

T = TypeVar("T")

CONNECT_S = 3.0  # one server; the next is tried then
RECONNECT_S = 0.25
PING_S, PINGS = 5, 2  # a server that was cut off without a word is left after so many unanswered
ASK_S = (
    2.0  # one question: while a stream elects its leader (4 to 9 s) nobody answers, and nobody answers later
)
DUPLICATES_S = 120.0  # JetStream's own default; the expected sequence holds for ever
STREAM_EXISTS = 10058  # JetStream: stream name already in use with a different configuration


def trouble() -> tuple[type[Exception], ...]:
    """What the client raises when servers are away, slow or refuse."""
    from nats.errors import Error

    return (Error, OSError, TimeoutError)


def needed(setting: Setting) -> None:
    """Look whether the client library is there.

    Raises:
        ClusterMissing: it is not.
    """
    if find_spec("nats") is None:
        raise ClusterMissing(
            f"MINGCHA_JOURNAL names a NATS cluster ({setting.shown}), but nats-py is not installed; "
            "install mingcha[cluster], or set MINGCHA_JOURNAL=embedded"
        )


async def connect(setting: Setting, name: str) -> "Client":
    """A connection that comes back by itself.

    Raises:
        ClusterMissing: nats-py is not installed.
        ClusterAway: no server answered in time.
    """
    needed(setting)
    import nats

    async def heard(error: Exception) -> None:
        log.info("cluster", error=str(error) or type(error).__name__)

    try:
        return await asyncio.wait_for(
            nats.connect(
                list(setting.servers), name=name, connect_timeout=int(CONNECT_S), max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_S, ping_interval=PING_S, max_outstanding_pings=PINGS, error_cb=heard,
            ),
            setting.timeout_s,
        )  # fmt: skip
    except trouble() as error:
        raise ClusterAway(
            f"no server of {setting.shown} answered within {setting.timeout_s:.0f} s: "
            f"{error or type(error).__name__}; start the cluster or mend MINGCHA_JOURNAL"
        ) from error


async def stream_made(js: "JetStreamContext", setting: Setting, gateway: str) -> None:
    """The stream of ``gateway``, made where it is missing.

    Raises:
        ClusterRefused: there is one whose settings do not keep what we promise.
    """
    from nats.js import api
    from nats.js.errors import APIError, NotFoundError

    name = stream_of(gateway)
    wanted = api.StreamConfig(
        name=name, subjects=[subjects_of(gateway)], storage=api.StorageType.FILE, num_replicas=setting.replicas,
        retention=api.RetentionPolicy.LIMITS, discard=api.DiscardPolicy.NEW, duplicate_window=DUPLICATES_S,
        deny_delete=True, deny_purge=True, allow_direct=True,
    )  # fmt: skip
    try:
        found = (await js.stream_info(name)).config
    except NotFoundError:
        try:
            found = (await js.add_stream(wanted)).config
        except APIError as error:
            if error.err_code != STREAM_EXISTS:
                raise
            found = (await js.stream_info(name)).config
    for word in ("storage", "retention", "discard", "allow_direct"):
        if getattr(found, word) != getattr(wanted, word):
            raise ClusterRefused(
                f"stream {name}: {word} is {getattr(found, word)}, expected {getattr(wanted, word)}; "
                "correct the stream, or give this gateway another name"
            )
    if (found.num_replicas or 1) < setting.replicas:
        raise ClusterRefused(
            f"stream {name} has {found.num_replicas} replicas, expected {setting.replicas}; raise them (`nats stream edit`)"
        )


class Cluster:
    """A connection for callers without an event loop. Made when first used; threads may share it."""

    def __init__(self, setting: Setting, *, name: str = "mingcha reader") -> None:
        self.setting = setting
        self._name = name
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Client | None = None

    def call(self, ask: "Callable[[JetStreamContext], Awaitable[T]]") -> T:
        """Run ``ask`` in the loop and wait for what it gives.

        Raises:
            ClusterAway: the cluster does not answer, or refuses for now.
        """
        with self._guard:
            loop = self._loop or self._started()

        future = asyncio.run_coroutine_threadsafe(self._asked(ask), loop)
        try:
            return future.result(3 * self.setting.timeout_s)
        except trouble() as error:
            future.cancel()
            raise ClusterAway(
                f"the cluster {self.setting.shown} did not answer: {error or type(error).__name__}; it is asked again later"
            ) from error

    def close(self) -> None:
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is not None:
            client, self._client = self._client, None
            if client is not None:
                asyncio.run_coroutine_threadsafe(client.close(), loop).result(self.setting.timeout_s)
            loop.call_soon_threadsafe(loop.stop)

    async def _asked(self, ask: "Callable[[JetStreamContext], Awaitable[T]]") -> T:
        """Ask until there is an answer, as long as the setting allows."""
        from nats.js.errors import ServiceUnavailableError

        deadline = asyncio.get_running_loop().time() + self.setting.timeout_s
        js = (await self._connected()).jetstream(timeout=ASK_S)
        while True:
            try:
                return await ask(js)
            except TimeoutError:  # nats.errors.TimeoutError is one
                if asyncio.get_running_loop().time() + ASK_S > deadline:
                    raise
            except ServiceUnavailableError:  # a stream without leader, for the moment
                if asyncio.get_running_loop().time() + ASK_S > deadline:
                    raise
                await asyncio.sleep(RECONNECT_S)

    async def _connected(self) -> "Client":
        if self._client is None or self._client.is_closed:
            self._client = await connect(self.setting, self._name)
        return self._client

    def _started(self) -> asyncio.AbstractEventLoop:
        self._loop = loop = asyncio.new_event_loop()
        threading.Thread(target=_serve, args=(loop,), name="cluster", daemon=True).start()
        return loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.close()
