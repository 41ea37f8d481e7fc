"""``mingcha journal export``: cut an evidence package."""

import os
import sys
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import click

from mingcha.cli.journal_words import (
    Moment,
    as_json,
    only_mns,
    outlet_option,
    print_json,
    progress,
    reader_of,
    span_of,
    stations_of,
)
from mingcha.core import clock
from mingcha.core.errors import MingchaError
from mingcha.protocol.hj212 import mask
from mingcha.store.journal import Notary, export, package, stamps


@click.command("export")
@click.option("--from", "start", required=True, type=Moment(), help="Received from (Beijing time).")
@click.option("--to", "end", required=True, type=Moment(), help="Received before.")
@only_mns
@outlet_option
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The package to write."
)
@click.option("--no-checkpoint", is_flag=True, help="Do not sign the end of the chain first.")
@as_json
@click.pass_obj
def export_command(
    data: Path,
    *,
    start: datetime,
    end: datetime,
    mns: tuple[str, ...],
    outlet: str | None,
    out: Path,
    no_checkpoint: bool,
    as_json: bool,
) -> None:
    """Cut an evidence package. It keeps the bytes as received, passwords included; the listing in it hides them.

    Signs a checkpoint first, so that the package ends at a signed head. Exit code 1 where no frame is in it.
    """
    span, stations = span_of(start, end), stations_of(mns, outlet)
    if not no_checkpoint:
        _sign(data)
    about = {"outlet": outlet} if outlet else {}
    with reader_of(data) as reader, progress("reading blocks", package.count_blocks(reader, span)) as advance:
        manifest = export(
            reader, out, span, at=clock.now(), mn=stations, about=about, masked=mask, on_block=advance
        )
    frames = manifest["files"][package.FRAMES]["lines"]
    digest = sha256(out.read_bytes()).hexdigest()
    if as_json:
        print_json({"package": str(out), "sha256": digest, "manifest": manifest})
    else:
        click.echo(f"{out}: {frames} frames, SHA-256 {digest}")
    sys.exit(0 if frames else 1)


def _sign(data: Path) -> None:
    """What cannot be signed is packed all the same, and said."""
    try:
        with reader_of(data) as reader:
            Notary.in_data(data, reader=reader).checkpoint(at=clock.now())
        if url := os.environ.get("MINGCHA_TSA_URL"):
            stamps.stamp_newest(data / "journal", url)
    except MingchaError as error:
        click.echo(f"mingcha: {error}", err=True)
