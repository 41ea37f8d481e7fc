"""Run the gateway alone: receive HJ 212, keep every byte, then answer."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mingcha.cli.logs import logs_ready
from mingcha.core.errors import LocalError
from mingcha.gateway import Caps, Gateway, Policy, Station, tune_process
from mingcha.gateway.caps import CAP, POLICY, settings_from
from mingcha.gateway.tls import server_context
from mingcha.gateway.watch import Watch
from mingcha.site.data import data_folder, journal_folder, journal_setting
from mingcha.store.journal.jetstream import open_journal
from mingcha.workers.supervise import Part, Supervisor

REFRESH_S = 3.0  # a station registered on the web may connect after so long


class Register:
    """The stations as last read; a look-up never waits for the database.

    A station that did not change stays the same object: what the gateway remembers of it stays in force.
    """

    def __init__(self, read: Callable[[], list[Station]]) -> None:
        self._read = read
        self._stations: dict[str, Station] = {}

    def __call__(self, mn: str) -> Station | None:
        return self._stations.get(mn)

    def refresh(self) -> None:
        before = self._stations
        self._stations = {
            one.mn: before[one.mn] if before.get(one.mn) == one else one for one in self._read()
        }


def register_of_records() -> Register:
    """Stations of the records database. Django is loaded here and nowhere else in the gateway."""
    from mingcha.cli.records import django_ready

    django_ready()
    from django.db import close_old_connections

    from mingcha.apps.devices import selectors

    def read() -> list[Station]:
        close_old_connections()
        return [Station(**values) for values in selectors.stations()]

    return Register(read)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how to listen. ``shared``: several processes on one port; ``metrics``: address of the watch, None = no."""

    host: str
    port: int
    name: str
    shared: bool = False
    metrics: tuple[str, int] | None = None
    tls: tuple[Path, Path, Path | None] | None = None


async def receive(register: Register, where: Listening, *, folder: Path, journals: Path) -> None:
    """Serve until SIGINT or SIGTERM, then make durable what came in and end."""
    import structlog

    from mingcha.cli.orders import RecordsOrders

    log = structlog.get_logger("mingcha.gateway")
    with ExitStack() as open_:
        journal = open_journal(journals, journal_setting(), gateway=where.name)
        open_.callback(journal.close)
        gateway = Gateway(
            journal, register, host=where.host, port=where.port, folder=folder, name=where.name,
            caps=settings_from(Caps, CAP, os.environ), policy=settings_from(Policy, POLICY, os.environ),
            on_event=lambda event, fields: log.info(event, **fields),
            tls=server_context(*where.tls) if where.tls else None, shared=where.shared,
            orders=RecordsOrders(where.name),
        )  # fmt: skip
        await asyncio.to_thread(register.refresh)
        bound = await gateway.start()
        click.echo(f"gateway {where.name} listens on {where.host}:{bound}, journal in {journals}", err=True)
        if where.metrics:
            open_.callback(watching(folder, [where.name], where.metrics).close)
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await _refresh_until(ended, register, gateway, log)
        await gateway.stop()


async def _refresh_until(ended: asyncio.Event, register: Register, gateway: Gateway, log: Any) -> None:
    """Read the register again and again; a database that is away leaves us the last list."""
    from django.db import Error

    from mingcha.core.errors import MingchaError

    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), REFRESH_S)
        try:
            await asyncio.to_thread(register.refresh)
            gateway.counters.register_error = ""
        except (Error, MingchaError) as error:
            gateway.counters.register_error = str(error)
            log.warning("register not readable, the last list of stations stays in force", error=str(error))


def watching(folder: Path, names: Sequence[str], address: tuple[str, int]) -> Watch:
    watch = Watch(folder, names, host=address[0], port=address[1])
    click.echo(f"metrics on http://{address[0]}:{watch.port}/metrics", err=True)
    return watch


def run_loop(main: Any) -> None:
    """Run a coroutine on uvloop where it is installed, else on asyncio's own loop."""
    tune_process()
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def names_of(first: str, count: int) -> list[str]:
    """``g0``, 3 → g0, g1, g2: the journals of the workers.

    Raises:
        LocalError: the name does not end in a number to count on from.
    """
    stem = first.rstrip("0123456789")
    if not stem or stem == first:
        raise LocalError(
            f"name {first!r} with {count} workers: expected a name that ends in a number, such as g0"
        )
    start = int(first[len(stem) :])
    return [f"{stem}{start + n}" for n in range(count)]


def held_port(host: str, port: int) -> socket.socket:
    """A socket that keeps ``port`` for the workers and takes no connection itself; 0 picks a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((host, port))
    return held


def arguments_of(where: Listening, port: int, name: str) -> list[str]:
    """The command line of one worker; it says all that the environment might say otherwise."""
    out = ["gateway", "--shared", "--workers", "1", "--host", where.host, "--port", str(port), "--name", name]
    if where.tls is not None:
        certificate, key, clients = where.tls
        out += ["--tls-cert", str(certificate), "--tls-key", str(key)]
        out += ["--tls-client-ca", str(clients)] if clients is not None else []
    return out


def supervise(where: Listening, names: Sequence[str], folder: Path) -> None:
    """Keep one process a name on the same port; a dead one is started again."""
    with held_port(where.host, where.port) as held:
        port = int(held.getsockname()[1])
        parts = [Part(f"gateway {name}", arguments_of(where, port, name)) for name in names]
        watch = watching(folder, names, where.metrics) if where.metrics else None
        try:
            Supervisor(parts, say=lambda text: click.echo(text, err=True)).run()
        finally:
            if watch:
                watch.close()


PEM = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port; default MINGCHA_GATEWAY_PORT or 9212.")
@click.option("--name", default="g0", show_default=True, help="Name of this gateway and of its journal.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    envvar="MINGCHA_GATEWAY_WORKERS",
    show_envvar=True,
    help="Processes that share the port, each with its own journal (g0, g1 …); one is enough below some 10,000 frames/s.",
)
@click.option(
    "--tls-cert",
    type=PEM,
    envvar="MINGCHA_TLS_CERT",
    show_envvar=True,
    help="Certificate chain (PEM): speak TLS.",
)
@click.option(
    "--tls-key", type=PEM, envvar="MINGCHA_TLS_KEY", show_envvar=True, help="Its private key (PEM)."
)
@click.option(
    "--tls-client-ca",
    type=PEM,
    envvar="MINGCHA_TLS_CLIENT_CA",
    show_envvar=True,
    help="Authorities (PEM) whose certificate every logger must show.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    envvar="MINGCHA_METRICS_PORT",
    show_envvar=True,
    help="Serve /metrics, /health/live and /health/ready there (HTTP).",
)
@click.option(
    "--metrics-host",
    default="127.0.0.1",
    show_default=True,
    envvar="MINGCHA_METRICS_HOST",
    show_envvar=True,
    help="Address of the metrics.",
)
@click.option("--shared", is_flag=True, hidden=True, help="One of several processes on the port.")
def gateway(
    host: str,
    port: int | None,
    name: str,
    workers: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    metrics_port: int | None,
    metrics_host: str,
    shared: bool,
) -> None:
    """Receive data loggers; answer a frame only when it is durable in the journal."""
    chosen = port if port is not None else int(os.environ.get("MINGCHA_GATEWAY_PORT", "9212"))
    metrics = None if metrics_port is None or shared else (metrics_host, metrics_port)
    where = Listening(host, chosen, name, shared, metrics, _tls(tls_cert, tls_key, tls_client_ca))
    if workers > 1:
        settings_from(Caps, CAP, os.environ)  # said once here, not by every worker again and again
        settings_from(Policy, POLICY, os.environ)
        supervise(where, names_of(name, workers), data_folder())
        return
    logs_ready()
    register = register_of_records()
    run_loop(receive(register, where, folder=data_folder(), journals=journal_folder()))


def _tls(
    certificate: Path | None, key: Path | None, clients: Path | None
) -> tuple[Path, Path, Path | None] | None:
    if certificate is None and key is None and clients is None:
        return None
    if certificate is None or key is None:
        raise click.UsageError("TLS needs --tls-cert and --tls-key together")
    return certificate, key, clients
