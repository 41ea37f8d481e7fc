"""Words that the journal's commands share: kinds of arguments, options, how a frame is shown."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from mingcha.store.journal import Anchor, Entry, JournalReader
from mingcha.store.journal.jetstream import ClusterReader, open_reader

PROGRESS_AFTER_S = 2.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


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
only_mns = click.option("--mn", "mns", multiple=True, help="Only frames of this station; may be given often.")
outlet_option = click.option("--outlet", help="Only frames of the stations of this outlet, USCC/DA001.")
unmasked = click.option("--unmasked", is_flag=True, help="Show passwords (PW, NewPW) as received.")


data_option = click.option(
    "--data", envvar="MINGCHA_DATA", default="var", show_default=True, type=click.Path(path_type=Path),
    help="Data folder; also MINGCHA_DATA.",
)  # fmt: skip
roots_option = click.option(
    "--roots", type=click.Path(path_type=Path, exists=True, dir_okay=False), envvar="MINGCHA_TSA_ROOTS",
    help="Root certificates (PEM) of time stamp authorities you trust; also MINGCHA_TSA_ROOTS.",
)  # fmt: skip
key_option = click.option(
    "--key", "keys", multiple=True, help="Public key (64 hex digits) got by another way; others are refused."
)


def folder_of(data: Path) -> Path:
    folder = data / "journal"
    if not folder.is_dir():
        raise click.UsageError(f"no journal in {data}; name the data folder with --data or MINGCHA_DATA")
    return folder


@contextmanager
def reader_of(data: Path) -> Iterator[JournalReader]:
    """The journal of the data folder, or of the cluster where MINGCHA_JOURNAL names one: signed statements stay local."""
    from mingcha.site.data import journal_setting

    setting = journal_setting()
    folder = data / "journal" if setting is not None else folder_of(data)
    reader = open_reader(folder, setting)
    try:
        yield reader
    finally:
        if isinstance(reader, ClusterReader):
            reader.close()


def span_of(start: datetime, end: datetime) -> Span:
    if end <= start:
        raise click.UsageError(f"--to {end.isoformat()} is not after --from {start.isoformat()}")
    return Span(start, end)


def stations_of(mns: tuple[str, ...], outlet: str | None) -> tuple[str, ...] | None:
    """The MNs asked for by name and by outlet; None where neither was."""
    if outlet is None:
        return mns or None
    from mingcha.cli.records import django_ready

    django_ready()
    from mingcha.apps.registry import selectors as registry

    try:
        points = registry.points_of(registry.outlet_by_key(outlet))
    except NotFound as error:
        raise click.UsageError(str(error)) from error
    found = {point.point.rpartition("/")[0] for point in points}
    if not found:
        raise click.UsageError(f"outlet {outlet} never had a datalogger; name stations with --mn")
    return tuple(sorted(found | set(mns)))


def shown(ref: FrameRef, entry: Entry, *, unmasked: bool) -> dict[str, Any]:
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


def line_of(frame: dict[str, Any]) -> str:
    head = " ".join(str(frame[name]) or "-" for name in ("ref", "received", "direction", "conn", "verdict"))
    return f"{head}\n    {frame['raw'].rstrip()}"


def word_of(ok: bool) -> str:
    return "all hashes fit" if ok else "NOT intact"


def print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on the error stream for work that takes longer than ``PROGRESS_AFTER_S``."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total, visible=False)
        started = time.monotonic()

        def advance() -> None:
            bar.update(task, advance=1, visible=time.monotonic() - started > PROGRESS_AFTER_S)

        yield advance
