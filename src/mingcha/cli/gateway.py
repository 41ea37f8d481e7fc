"""Run the gateway alone: receive HJ 212, keep every byte, then answer."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from mingcha.gateway import Gateway, Station
from mingcha.site.data import data_folder, journal_folder
from mingcha.store.journal import Journal

REFRESH_S = 3.0  # a station registered on the web may connect after so long


class Register:
    """The stations as last read; a look-up never waits for the database."""

    def __init__(self, read: Callable[[], list[Station]]) -> None:
        self._read = read
        self._stations: dict[str, Station] = {}

    def __call__(self, mn: str) -> Station | None:
        return self._stations.get(mn)

    def refresh(self) -> None:
        self._stations = {station.mn: station for station in self._read()}


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


async def receive(
    register: Register, *, host: str, port: int, name: str, folder: Path, journals: Path
) -> None:
    """Serve until SIGINT or SIGTERM, then make durable what came in and end."""
    import structlog

    log = structlog.get_logger("mingcha.gateway")
    with Journal(journals, gateway=name) as journal:
        gateway = Gateway(
            journal, register, host=host, port=port, folder=folder, name=name,
            on_event=lambda event, fields: log.info(event, **fields),
        )  # fmt: skip
        await asyncio.to_thread(register.refresh)
        bound = await gateway.start()
        click.echo(f"gateway {name} listens on {host}:{bound}, journal in {journals}", err=True)
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        await _refresh_until(ended, register, log)
        await gateway.stop()


async def _refresh_until(ended: asyncio.Event, register: Register, log: Any) -> None:
    """Read the register again and again; a database that is away leaves us the last list."""
    from django.db import Error

    from mingcha.core.errors import MingchaError

    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), REFRESH_S)
        try:
            await asyncio.to_thread(register.refresh)
        except (Error, MingchaError) as error:
            log.warning("register not readable, the last list of stations stays in force", error=str(error))


def run_loop(main: Any) -> None:
    """Run a coroutine on uvloop where it is installed, else on asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port; default MINGCHA_GATEWAY_PORT or 9212.")
@click.option("--name", default="g0", show_default=True, help="Name of this gateway and of its journal.")
def gateway(host: str, port: int | None, name: str) -> None:
    """Receive data loggers; answer a frame only when it is durable in the journal."""
    chosen = port if port is not None else int(os.environ.get("MINGCHA_GATEWAY_PORT", "9212"))
    register = register_of_records()
    run_loop(
        receive(register, host=host, port=chosen, name=name, folder=data_folder(), journals=journal_folder())
    )
