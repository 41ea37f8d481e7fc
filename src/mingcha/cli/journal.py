"""``mingcha journal``: check the evidence, sign it, show a frame, cut a package, feed frames again."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from mingcha.cli.cluster import cluster_command
from mingcha.cli.evidence import export_command
from mingcha.cli.journal_words import (
    Head,
    Ref,
    as_json,
    data_option,
    key_option,
    line_of,
    print_json,
    progress,
    reader_of,
    roots_option,
    shown,
    unmasked,
    word_of,
)
from mingcha.cli.keeping import checkpoint_command, key_command, retain_command
from mingcha.cli.local_files import local_command
from mingcha.cli.logs import log_aside
from mingcha.cli.replaying import replay_command
from mingcha.cli.verify import tell
from mingcha.core.errors import NotFound
from mingcha.core.refs import FrameRef
from mingcha.store.journal import Anchor, VerifyReport, stamps, verify, verify_package


@click.group()
@data_option
@click.pass_context
def journal(ctx: click.Context, data: Path) -> None:
    """The evidence: raw frames as received, hash-chained and signed."""
    log_aside()
    ctx.obj = data


for _command in (
    export_command, replay_command, checkpoint_command, key_command, retain_command, cluster_command, local_command,
):  # fmt: skip
    journal.add_command(_command)


@journal.command("verify")
@click.argument("package_file", metavar="[PACKAGE]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--anchor", "anchors", multiple=True, type=Head(), help="A block and hash known from elsewhere."
)
@key_option
@click.option(
    "--checkpoints", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A copy of checkpoints.jsonl kept elsewhere, to be used instead of the folder's own.",
)  # fmt: skip
@roots_option
@as_json
@click.pass_obj
def verify_command(
    data: Path,
    *,
    package_file: Path | None,
    anchors: tuple[Anchor, ...],
    keys: tuple[str, ...],
    checkpoints: Path | None,
    roots: Path | None,
    as_json: bool,
) -> None:
    """Check every block and signature, or an evidence PACKAGE. Exit code 1 where something does not fit."""
    trusted = [key.lower() for key in keys]
    if package_file is not None:
        found = verify_package(package_file, trusted=trusted, roots=stamps.roots_of(roots))
        tell(found, as_json=as_json, pinned=bool(keys))
    held = [*anchors, *_positions(data)]
    with (
        reader_of(data) as reader,
        progress("checking blocks", verify.count_blocks(reader.folder)) as advance,
    ):
        report = reader.verify(
            anchors=held,
            trusted=trusted,
            statements=checkpoints,
            roots=stamps.roots_of(roots),
            on_block=advance,
        )
    if as_json:
        print_json({"ok": report.ok, **asdict(report)})
    else:
        _tell(report)
    sys.exit(0 if report.ok else 1)


@journal.command("show")
@click.argument("ref", type=Ref())
@click.option(
    "--context", default=0, type=click.IntRange(0, 1000), help="Also so many entries before and after."
)
@unmasked
@as_json
@click.pass_obj
def show_command(data: Path, ref: FrameRef, context: int, unmasked: bool, as_json: bool) -> None:
    """Show the frame called REF, such as g0-20261123/15/3. Exit code 1 where there is none."""
    try:
        with reader_of(data) as reader:
            found = reader.context(ref, context)
            block = reader.block_hash(ref)
    except NotFound as error:
        click.echo(f"mingcha: {error}", err=True)
        sys.exit(1)
    frames = [shown(one, entry, unmasked=unmasked) for one, entry in found]
    if as_json:
        print_json({"block_hash": block, "frames": frames})
        return
    for frame in frames:
        click.echo(line_of(frame))
    click.echo(f"block hash {block}")


def _tell(report: VerifyReport) -> None:
    for fault in report.problems:
        click.echo(f"FAULT {fault}")
    for gone in report.dropped:
        click.echo(f"dropped {gone}")
    for head in report.heads:
        click.echo(f"head {head.journal}/{head.block}={head.chain}")
    for key in report.keys:
        click.echo(f"key {key}")
    click.echo(f"{report.statements} signed statements" if report.statements else "no signed statement")
    click.echo(f"{report.blocks} blocks, {report.frames} frames: {word_of(report.ok)}")


def _positions(data: Path) -> list[Anchor]:
    """What was projected was once in the journal: its end must still be there."""
    from mingcha.site import data as settled

    if not settled.readings_made(data):
        return []
    telemetry = settled.open_readings(data)
    try:
        return [Anchor(ref.journal, ref.block) for ref in telemetry.positions().values()]
    finally:
        telemetry.close()
