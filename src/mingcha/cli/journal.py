"""``mingcha journal``: check the evidence, show a frame, cut a package, feed frames again."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from mingcha.core import clock
from mingcha.core.errors import NotFound
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.protocol.hj212 import mask
from mingcha.store.journal import (
    Anchor,
    Direction,
    Entry,
    JournalReader,
    export,
    package,
    verify,
    verify_package,
)
from mingcha.store.telemetry import Telemetry

PROGRESS_AFTER_S = 2.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
QUIET_S = 2.0  # after the last answer, replay waits this long for another
CONNECT_S = 10.0


class Moment(click.ParamType[datetime]):
    """ISO 8601; without an offset it is Beijing time."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; expected such as 2026-11-23 or 2026-11-23T08:00", param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=clock.BEIJING)).astimezone(UTC)


class Ref(click.ParamType[FrameRef]):
    """A frame's name."""

    name = "ref"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> FrameRef:
        try:
            return value if isinstance(value, FrameRef) else FrameRef.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Head(click.ParamType[Anchor]):
    """``g0-20261123/15=HASH``: a block and its chain hash as once printed."""

    name = "anchor"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        if isinstance(value, Anchor):
            return value
        place, _, chain = value.partition("=")
        try:
            ref = FrameRef.parse(f"{place}/0")
        except ValueError:
            self.fail(f"{value!r} is no anchor; expected such as g0-20261123/15=<64 hex digits>", param, ctx)
        return Anchor(ref.journal, ref.block, chain.lower())


class Target(click.ParamType[tuple[str, int]]):
    """``HOST:PORT``."""

    name = "host:port"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit():
            self.fail(f"{value!r} is no address; expected such as 127.0.0.1:9212", param, ctx)
        return host.strip("[]"), int(port)


EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
only_mn = click.option("--mn", help="Only frames of this station.")
unmasked = click.option("--unmasked", is_flag=True, help="Show passwords (PW, NewPW) as received.")


@click.group()
@click.option(
    "--data", envvar="MINGCHA_DATA", default="var", show_default=True, type=click.Path(path_type=Path),
    help="Data folder; also MINGCHA_DATA.",
)  # fmt: skip
@click.pass_context
def journal(ctx: click.Context, data: Path) -> None:
    """The evidence: raw frames as received, hash-chained."""
    ctx.obj = data


@journal.command("verify")
@click.argument("package_file", metavar="[PACKAGE]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--anchor", "anchors", multiple=True, type=Head(), help="A block and hash known from elsewhere."
)
@as_json
@click.pass_obj
def verify_command(data: Path, package_file: Path | None, anchors: tuple[Anchor, ...], as_json: bool) -> None:
    """Check every block, or an evidence PACKAGE. Exit code 1 where something does not fit."""
    if package_file is not None:
        _verify_package(data, package_file, as_json)
        return
    folder = _folder(data)
    held = [*anchors, *_positions(data)]
    with _progress("checking blocks", verify.count_blocks(folder)) as advance:
        report = verify.verify(folder, anchors=held, on_block=advance)
    if as_json:
        _print({"ok": report.ok, **asdict(report)})
    else:
        for fault in report.problems:
            click.echo(f"FAULT {fault}")
        for head in report.heads:
            click.echo(f"head {head.journal}/{head.block}={head.chain}")
        click.echo(f"{report.blocks} blocks, {report.frames} frames: {_word(report.ok)}")
    sys.exit(0 if report.ok else 1)


@journal.command("export")
@click.option("--from", "start", required=True, type=Moment(), help="Received from (Beijing time).")
@click.option("--to", "end", required=True, type=Moment(), help="Received before.")
@only_mn
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The package to write."
)
@as_json
@click.pass_obj
def export_command(
    data: Path, *, start: datetime, end: datetime, mn: str | None, out: Path, as_json: bool
) -> None:
    """Cut an evidence package. It keeps the bytes as received, passwords included. Exit code 1 where none is in it."""
    reader, span = JournalReader(_folder(data)), _span(start, end)
    with _progress("reading blocks", package.count_blocks(reader, span)) as advance:
        manifest = export(reader, out, span, at=clock.now(), mn=mn, on_block=advance)
    frames = manifest["files"][package.FRAMES]["lines"]
    digest = sha256(out.read_bytes()).hexdigest()
    if as_json:
        _print({"package": str(out), "sha256": digest, "manifest": manifest})
    else:
        click.echo(f"{out}: {frames} frames, SHA-256 {digest}")
    sys.exit(0 if frames else 1)


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
    reader = JournalReader(_folder(data))
    try:
        found = reader.context(ref, context)
        block = reader.block_hash(ref)
    except NotFound as error:
        click.echo(f"mingcha: {error}", err=True)
        sys.exit(1)
    shown = [_shown(one, entry, unmasked=unmasked) for one, entry in found]
    if as_json:
        _print({"block_hash": block, "frames": shown})
        return
    for frame in shown:
        click.echo(_line(frame))
    click.echo(f"block hash {block}")


@journal.command("replay")
@click.option("--from", "start", default=EARLIEST, type=Moment(), help="Received from (Beijing time).")
@click.option("--to", "end", default=LATEST, type=Moment(), help="Received before.")
@only_mn
@click.option("--feed", type=Target(), help="Send to HOST:PORT; without it the frames are printed.")
@click.option("--allow-remote", is_flag=True, help="Let --feed leave this machine.")
@unmasked
@as_json
@click.pass_obj
def replay_command(
    data: Path,
    *,
    start: datetime,
    end: datetime,
    mn: str | None,
    feed: tuple[str, int] | None,
    allow_remote: bool,
    unmasked: bool,
    as_json: bool,
) -> None:
    """Print what was received, or feed it again in its order over one connection. Exit code 1 where there is none."""
    if feed is not None and feed[0] not in LOOPBACK and not allow_remote:
        raise click.UsageError(
            f"{feed[0]} is another machine; frames hold passwords. Say --allow-remote if it is meant"
        )
    frames = _received(JournalReader(_folder(data)), _span(start, end), mn)
    if feed is not None:
        sent, answered = _fed(feed, frames)
        _print({"sent": sent, "answer_bytes": answered}) if as_json else click.echo(
            f"{sent} frames sent, {answered} bytes of answers"
        )
        sys.exit(0 if sent else 1)
    found = False
    for ref, entry in frames:
        found = True
        frame = _shown(ref, entry, unmasked=unmasked)
        click.echo(json.dumps(frame, ensure_ascii=False) if as_json else _line(frame))
    sys.exit(0 if found else 1)


def _verify_package(data: Path, path: Path, as_json: bool) -> None:
    report = verify_package(path)
    if as_json:
        _print({"ok": report.ok, **asdict(report)})
    else:
        for problem in report.problems:
            click.echo(f"FAULT {problem}")
        for head in report.heads.values():
            click.echo(f"head {head.replace(' ', '=')}")
        click.echo(f"{report.blocks} blocks, {report.frames} frames: {_word(report.ok)}")
    sys.exit(0 if report.ok else 1)


def _folder(data: Path) -> Path:
    folder = data / "journal"
    if not folder.is_dir():
        raise click.UsageError(f"no journal in {data}; name the data folder with --data or MINGCHA_DATA")
    return folder


def _positions(data: Path) -> list[Anchor]:
    """What was projected was once in the journal: its end must still be there."""
    path = data / "readings.sqlite3"
    if not path.is_file():
        return []
    telemetry = Telemetry(path)
    try:
        return [Anchor(ref.journal, ref.block) for ref in telemetry.positions().values()]
    finally:
        telemetry.close()


def _span(start: datetime, end: datetime) -> Span:
    if end <= start:
        raise click.UsageError(f"--to {end.isoformat()} is not after --from {start.isoformat()}")
    return Span(start, end)


def _received(reader: JournalReader, span: Span, mn: str | None) -> Iterator[tuple[FrameRef, Entry]]:
    for ref, entry in reader.since({}):
        if (
            entry.direction is Direction.IN
            and mn in (None, entry.mn)
            and clock.from_us(entry.received_us) in span
        ):
            yield ref, entry


def _fed(target: tuple[str, int], frames: Iterator[tuple[FrameRef, Entry]]) -> tuple[int, int]:
    """Send the frames; return how many, and how many bytes came back."""
    sent, answered = 0, [0]
    try:
        with socket.create_connection(target, timeout=CONNECT_S) as peer:
            listener = threading.Thread(target=_drain, args=(peer, answered), daemon=True)
            listener.start()
            for _, entry in frames:
                peer.sendall(entry.raw)
                sent += 1
            listener.join()
    except OSError as error:
        raise click.ClickException(
            f"{target[0]}:{target[1]}: {error}; {sent} frames were sent before"
        ) from error
    return sent, answered[0]


def _drain(peer: socket.socket, answered: list[int]) -> None:
    """Read answers until none came for ``QUIET_S``, so that neither side waits for the other."""
    peer.settimeout(QUIET_S)
    try:
        while data := peer.recv(65536):
            answered[0] += len(data)
    except OSError:
        return  # silence, or the peer closed: either way there is nothing more to read


def _shown(ref: FrameRef, entry: Entry, *, unmasked: bool) -> dict[str, Any]:
    return {
        "ref": str(ref),
        "direction": entry.direction.name.lower(),
        "received": clock.beijing(clock.from_us(entry.received_us)).isoformat(),
        "conn": entry.conn,
        "mn": entry.mn,
        "verdict": entry.verdict,
        "raw": (entry.raw if unmasked else mask(entry.raw)).decode("utf-8", "backslashreplace"),
        "raw_sha256": sha256(entry.raw).hexdigest(),
    }


def _line(frame: dict[str, Any]) -> str:
    head = " ".join(str(frame[name]) or "-" for name in ("ref", "received", "direction", "conn", "verdict"))
    return f"{head}\n    {frame['raw'].rstrip()}"


def _word(ok: bool) -> str:
    return "all hashes fit" if ok else "NOT intact"


def _print(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on the error stream for work that takes longer than ``PROGRESS_AFTER_S``."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total, visible=False)
        started = time.monotonic()

        def advance() -> None:
            bar.update(task, advance=1, visible=time.monotonic() - started > PROGRESS_AFTER_S)

        yield advance
