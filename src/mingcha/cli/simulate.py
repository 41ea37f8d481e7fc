"""Simulated data loggers against a running gateway."""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from mingcha.cli.gateway import run_loop
from mingcha.gateway.simulator.datalogger import hardware_of, key_for
from mingcha.gateway.simulator.faults import BY_NAME, Encryption, Registration, has
from mingcha.gateway.simulator.fleet import MIXED, Fleet, outlets, stations
from mingcha.gateway.simulator.history import Outlet
from mingcha.protocol.hj212.editions import EDITIONS

REPORT_S = 10.0


async def send(fleet: Fleet, duration_s: float | None, *, quiet: bool) -> None:
    """Run ``fleet`` for its time or until SIGINT or SIGTERM; say every few seconds what was done."""
    running = asyncio.create_task(fleet.run(duration_s))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    while not running.done():
        await asyncio.wait({running}, timeout=REPORT_S)
        if not quiet and not running.done():
            click.echo(summary(fleet), err=True)
    with suppress(asyncio.CancelledError):
        await running


def summary(fleet: Fleet) -> str:
    done = fleet.counters
    return (
        f"{done.connected} of {len(fleet.loggers)} connected, {done.sent} sent, {done.acked} acknowledged, "
        f"{fleet.unacked} waiting, {done.resent} resent, {done.backfilled} back-filled, {done.commands} commands"
    )


def fault_table() -> str:
    """Every fault with its rate and what it does."""
    rows = [
        f"  {name:<15}{f'{one.rate:g} of {one.of}':<18}{one.text}" for name, one in sorted(BY_NAME.items())
    ]
    return "\n".join(["name           rate              what happens", *rows])


def _station_rows(made: Sequence[Outlet]) -> list[dict[str, str]]:
    """What a host must know of each logger; key and hardware id where it uses them (2025)."""
    rows: list[dict[str, str]] = []
    for outlet, (mn, password, st) in zip(made, stations(made), strict=True):
        row = {"mn": mn, "password": password, "st": st}
        if has(outlet.faults, Encryption):
            row["key"] = key_for(outlet.profile)
        if has(outlet.faults, Registration):
            row |= hardware_of(outlet.profile)
        rows.append(row)
    return rows


@click.command(
    epilog=f"Faults: {', '.join(BY_NAME)}; `--faults list` says what each one does and how often.",
)
@click.option("--loggers", type=click.IntRange(1, 20_000), default=30, show_default=True, help="How many.")
@click.option("--edition", type=click.Choice([*EDITIONS, MIXED]), default=MIXED, show_default=True)
@click.option(
    "--faults",
    default="",
    help="NAME or NAME:RATE by comma, dealt out to the loggers in turn; A+B gives both to one; `list` shows them.",
)
@click.option(
    "--fault-minutes", type=float, default=60.0, show_default=True, help="How long faults last from now."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), help="Default MINGCHA_GATEWAY_PORT or 9212.")
@click.option(
    "--interval", type=float, default=60.0, show_default=True, help="Seconds between real-time frames."
)
@click.option("--duration", type=float, help="Seconds; without it until Ctrl+C.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same plants and same MNs.")
@click.option("--stations", "station_file", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the MN, password and ST of each logger there and send nothing.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the counters as JSON at the end.")
def simulate(
    *, loggers: int, edition: str, faults: str, fault_minutes: float, host: str, port: int | None, interval: float,
    duration: float | None, seed: int, station_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Behave like data loggers: time setting, acknowledgements, resends, back-fill, split packs.

    Exit code 1 where nothing was acknowledged.
    """
    if faults.strip() == "list":
        click.echo(fault_table())
        return
    names = [name.strip() for name in faults.split(",") if name.strip()]
    made = outlets(loggers, edition=edition, seed=seed, faults=names, length=timedelta(minutes=fault_minutes))
    if station_file is not None:
        station_file.write_text(json.dumps(_station_rows(made), indent=1), encoding="utf-8")
        return
    chosen = port if port is not None else int(os.environ.get("MINGCHA_GATEWAY_PORT", "9212"))
    fleet = Fleet(made, host=host, port=chosen, interval_s=interval)
    run_loop(send(fleet, duration, quiet=as_json))
    done = asdict(fleet.counters) | {"unacked": fleet.unacked}
    click.echo(json.dumps(done) if as_json else summary(fleet))
    raise SystemExit(0 if fleet.counters.acked else 1)
