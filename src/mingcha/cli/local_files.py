"""``mingcha journal local``: local files that the cluster holds too, dropped and brought back."""

import sys
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from mingcha.cli.journal_words import as_json, print_json, progress
from mingcha.core import clock
from mingcha.core.errors import LocalError
from mingcha.core.refs import FrameRef
from mingcha.site import data as settled
from mingcha.store.journal import verify
from mingcha.store.journal.jetstream import ClusterReader, local

ALL = "all"


@click.command("local")
@click.option("--drop", "dropping", is_flag=True, help="Drop the files that may go.")
@click.option(
    "--bring-back",
    "wanted",
    multiple=True,
    metavar="FILE|all",
    help="Write a dropped file anew from the cluster, such as g0-20261123.",
)
@as_json
@click.pass_obj
def local_command(data: Path, *, dropping: bool, wanted: tuple[str, ...], as_json: bool) -> None:
    """Say which local files may go, because the cluster of MINGCHA_JOURNAL holds them, and why the others stay.

    Old enough is what is older than MINGCHA_JOURNAL_LOCAL_DAYS.
    """
    setting = settled.journal_setting()
    if setting is None:
        raise LocalError(
            "MINGCHA_JOURNAL is embedded: the local files are the only ones there are; set it to nats://… addresses"
        )
    days = settled.journal_local_days()
    if dropping and days is None:
        raise click.UsageError(
            "MINGCHA_JOURNAL_LOCAL_DAYS is not set, so local files are kept; set a number of days"
        )
    folder = data / "journal"
    with closing(ClusterReader(folder, setting)) as cluster:
        with progress("writing blocks", 0) as advance:
            names = local.absent(folder, cluster) if ALL in wanted else wanted
            back = {name: local.bring_back(folder, cluster, name, on_block=advance) for name in names}
        before = None if days is None else clock.now() - timedelta(days=days)
        with progress("comparing blocks", verify.count_blocks(folder)) as advance:
            held = local.look(folder, cluster, local.Terms(before, _projected(data)), on_block=advance)
        gone = [one for one in held if dropping and not one.why]
        for one in gone:
            local.drop(folder, one)
    if as_json:
        rows = [asdict(one) for one in held]
        print_json(
            {"days": days, "files": rows, "dropped": [one.journal for one in gone], "brought_back": back}
        )
    else:
        _tell(held, gone, back)
    sys.exit(0)


def _projected(data: Path) -> dict[str, FrameRef]:
    if not settled.readings_made(data):
        return {}
    with closing(settled.open_readings(data)) as telemetry:
        return telemetry.positions()


def _tell(held: list[local.Held], gone: list[local.Held], back: dict[str, int]) -> None:
    for name, blocks in back.items():
        click.echo(f"{name}: {blocks} blocks brought back")
    for one in held:
        said = "dropped" if one in gone else f"stays: {one.why}" if one.why else "may go"
        click.echo(f"{one.journal}  {one.blocks} blocks, {one.size} bytes: {said}")
