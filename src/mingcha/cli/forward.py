"""Forward to other hosts (district, national): what the register says of targets, filters and names."""

import asyncio
import json
import os
import signal
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from mingcha.gateway.forwarder import Read, Target

REREAD_S = 60.0  # settings and keys of stations are read anew so often
NICE = 5  # reception comes first where processors are short


def targets_of_records() -> "list[Target]":
    """The targets that are switched on.

    Raises:
        BadInput: one holds a value that cannot be.
    """
    from django.db import close_old_connections

    from mingcha.apps.devices import selectors
    from mingcha.gateway.forwarder import Target

    close_old_connections()
    return [Target(**values) for values in selectors.forward_targets()]


class Reading:
    """Decodes a preserved frame by the settings and keys of its day; they are read anew every ``REREAD_S``."""

    def __init__(self) -> None:
        self._at = float("-inf")

    def __call__(self, entry: Any) -> Any:
        import time

        from mingcha.core.clock import from_us
        from mingcha.protocol import hj212

        if time.monotonic() - self._at > REREAD_S:
            self._refresh()
            self._at = time.monotonic()
        return hj212.read(entry.raw, self._decodings(entry.mn, from_us(entry.received_us)))

    def _refresh(self) -> None:
        from django.db import close_old_connections

        from mingcha.apps.devices import selectors

        close_old_connections()
        self._decodings = selectors.decodings()


def wanted() -> bool:
    """Whether any target is switched on; Django must be ready."""
    from mingcha.apps.devices import selectors

    return bool(selectors.forward_targets())


async def run(read: "Read") -> None:
    """Forward until SIGINT or SIGTERM."""
    from mingcha.gateway.forwarder import Forwarding
    from mingcha.site import data

    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await Forwarding(data.journal_reader(), data.data_folder(), read, targets_of_records).run(ended)


@click.command()
@click.option("--status", is_flag=True, help="Say how far each target has got, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --status: print JSON.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="Serve /metrics there (HTTP); those of the gateway tell the same.",
)
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="Address of the metrics.")
def forward(*, status: bool, as_json: bool, metrics_port: int | None, metrics_host: str) -> None:
    """Forward preserved uploads to the targets of the register, each at its own pace; `serve` does it by itself."""
    from mingcha.cli.logs import logs_ready
    from mingcha.cli.records import django_ready

    logs_ready()
    django_ready()
    if status:
        show(as_json=as_json)
        return
    from mingcha.cli.gateway import run_loop, watching
    from mingcha.site import data

    with suppress(OSError):
        os.nice(NICE)
    with ExitStack() as open_:
        if metrics_port is not None:
            open_.callback(watching(data.data_folder(), [], (metrics_host, metrics_port)).close)
        run_loop(run(Reading()))


def show(*, as_json: bool) -> None:
    """The states that the forwarding process wrote."""
    from mingcha.gateway.forwarder import left_out, status_read
    from mingcha.site import data

    rows = [
        status_read(data.data_folder(), target.key) or {"key": target.key, "state": "never ran"}
        for target in targets_of_records()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows or [{"key": "no target is switched on"}]:
        said = ", ".join(
            f"{word} {row[word]}"
            for word in ("state", "acked", "behind_entries", "behind_s", "aside", "fields_left")
            if word in row
        )
        click.echo(f"{row['key']:<24} {said}")
        if row.get("error"):
            click.echo(f"    {row['error']}")
        for one in left_out(data.data_folder(), row["key"]):
            click.echo(
                f"    {one.mn} {one.field} left out {one.times} times ({one.first} … {one.last}): {one.reason}"
            )
