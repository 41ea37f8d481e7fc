"""``mingcha journal replay``: print what was received, or feed it to another instance."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from mingcha.cli.feeding import Feeder
from mingcha.cli.journal_words import (
    EARLIEST,
    LATEST,
    LOOPBACK,
    Moment,
    Target,
    as_json,
    line_of,
    only_mns,
    outlet_option,
    print_json,
    progress,
    reader_of,
    shown,
    span_of,
    stations_of,
    unmasked,
)
from mingcha.core.refs import FrameRef
from mingcha.store.journal import Direction, Entry, JournalReader
from mingcha.store.journal.package import count_blocks
from mingcha.store.journal.replay import Filter, Pace, Position, copy_into


@click.command("replay")
@click.option("--from", "start", default=EARLIEST, type=Moment(), help="Received from (Beijing time).")
@click.option("--to", "end", default=LATEST, type=Moment(), help="Received before.")
@only_mns
@outlet_option
@click.option("--feed", type=Target(), help="Send to HOST:PORT; without it the frames are printed.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Append to the journal of this data folder.",
)
@click.option("--allow-remote", is_flag=True, help="Let --feed leave this machine.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="At most so many frames a second.")
@click.option(
    "--position", "position_file", type=click.Path(path_type=Path, dir_okay=False),
    help="Keep there how far it came, and go on from there. Default with --into: replayed.json in that folder.",
)  # fmt: skip
@unmasked
@as_json
@click.pass_obj
def replay_command(
    data: Path,
    *,
    start: datetime,
    end: datetime,
    mns: tuple[str, ...],
    outlet: str | None,
    feed: tuple[str, int] | None,
    into: Path | None,
    allow_remote: bool,
    rate: float | None,
    position_file: Path | None,
    unmasked: bool,
    as_json: bool,
) -> None:
    """Print what was received, or feed it again in its order, at least once. Exit code 1 where there is none.

    --feed sends received frames over one connection and waits for their answers. --into copies blocks as they are,
    so that a whole journal gives the same names and the same digests of readings.
    """
    _check(data, feed, into, allow_remote=allow_remote)
    reader = click.get_current_context().with_resource(reader_of(data))
    wanted = Filter(span_of(start, end), stations_of(mns, outlet))
    if into is not None:
        count = _into(reader, into, wanted, position_file, Pace(rate))
        print_json({"copied": count}) if as_json else click.echo(f"{count} entries copied into {into}")
        sys.exit(0 if count else 1)
    position = Position.of(position_file)
    frames = _received(reader, wanted, position)
    if feed is not None:
        with progress("feeding frames", 0) as advance:
            done = Feeder(feed, position, Pace(rate)).feed(frames, advance)
        told = f"{done.sent} frames sent, {done.answers} answers, {done.resent} repeated, {done.unanswered} unanswered"
        print_json(asdict(done)) if as_json else click.echo(told)
        sys.exit(0 if done.sent else 1)
    found = False
    for ref, entry in frames:
        found = True
        frame = shown(ref, entry, unmasked=unmasked)
        click.echo(json.dumps(frame, ensure_ascii=False) if as_json else line_of(frame))
    sys.exit(0 if found else 1)


def _check(data: Path, feed: tuple[str, int] | None, into: Path | None, *, allow_remote: bool) -> None:
    if feed is not None and into is not None:
        raise click.UsageError("--feed and --into are two ways; give one")
    if feed is not None and feed[0] not in LOOPBACK and not allow_remote:
        raise click.UsageError(
            f"{feed[0]} is another machine; frames hold passwords. Say --allow-remote if it is meant"
        )
    if into is not None and into.resolve() == data.resolve():
        raise click.UsageError("--into is the data folder that is read; expected another one")


def _into(reader: JournalReader, into: Path, wanted: Filter, position_file: Path | None, pace: Pace) -> int:
    into.mkdir(parents=True, exist_ok=True)
    position = Position.of(position_file or into / "replayed.json")
    with progress("copying blocks", count_blocks(reader, wanted.span)) as advance:
        return copy_into(reader, into / "journal", wanted, position, pace=pace, on_block=advance)


def _received(reader: JournalReader, wanted: Filter, position: Position) -> Iterator[tuple[FrameRef, Entry]]:
    for ref, entry in reader.since(position.refs):
        if entry.direction is Direction.IN and wanted.takes(entry):
            yield ref, entry
