"""Simulated data loggers against a running gateway."""

import asyncio
import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from mingcha.cli.gateway import run_loop
from mingcha.gateway.simulator.faults import BY_NAME
from mingcha.gateway.simulator.fleet import MIXED, Fleet, outlets, stations
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


@click.command()
@click.option("--loggers", type=click.IntRange(1, 20_000), default=30, show_default=True, help="How many.")
@click.option("--edition", type=click.Choice([*EDITIONS, MIXED]), default=MIXED, show_default=True)
@click.option(
    "--faults", default="", help=f"Dealt out to the loggers in turn, by comma: {', '.join(BY_NAME)}."
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
    names = [name.strip() for name in faults.split(",") if name.strip()]
    made = outlets(loggers, edition=edition, seed=seed, faults=names, length=timedelta(minutes=fault_minutes))
    if station_file is not None:
        rows = [{"mn": mn, "password": password, "st": st} for mn, password, st in stations(made)]
        station_file.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        return
    chosen = port if port is not None else int(os.environ.get("MINGCHA_GATEWAY_PORT", "9212"))
    fleet = Fleet(made, host=host, port=chosen, interval_s=interval)
    run_loop(send(fleet, duration, quiet=as_json))
    done = asdict(fleet.counters) | {"unacked": fleet.unacked}
    click.echo(json.dumps(done) if as_json else summary(fleet))
    raise SystemExit(0 if fleet.counters.acked else 1)
