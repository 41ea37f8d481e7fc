"""``mingcha hj212``: read, build and check frames without a server."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.resources import files
from typing import IO, Any

import click

from mingcha.core.errors import BadInput
from mingcha.protocol import hj212 as protocol
from mingcha.protocol.hj212 import selftest as vectors

_CHUNK = 64 * 1024
_CRC_GROUPS = {"hj212": (), "modbus": ("modbus_low_first", "modbus_high_first")}
_NEGATIVE = ("rejected", "partial")
_MARKS = {"accepted": "ok", "deviating": "~", "rejected": "x", "partial": "…"}


# name → module:attribute of commands that live elsewhere; imported on use, as they need more than the library
ELSEWHERE = {
    "simulate": "mingcha.cli.simulate:simulate",
    "conformance": "mingcha.cli.conformance:conformance",
}


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = ELSEWHERE[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(name="hj212", cls=_Group)
def hj212() -> None:
    """Frames of HJ 212: decode, encode, selftest; loggers and hosts: simulate, conformance."""


@dataclass(frozen=True)
class _Reader:
    """A stream of bytes as this station's settings and keys have it."""

    decoding: protocol.Decoding

    def records(self, stream: IO[bytes]) -> Iterator[dict[str, Any]]:
        """One object a frame, in the order received; a frame waits for the event behind it, which shows its tail."""
        offset = 0
        held: tuple[protocol.Frame, int] | None = None
        for event in self._events(stream):
            if held is not None:
                yield self._frame(*held, behind=event)
            held = (event, offset) if isinstance(event, protocol.Frame) else None
            if isinstance(event, protocol.Rejected):
                yield protocol.describe_rejected(event, offset=offset)
            offset += len(event.raw)
        if held is not None:
            yield self._frame(*held, behind=None)

    def _events(self, stream: IO[bytes]) -> Iterator[protocol.Event]:
        dialect = self.decoding.dialect
        splitter = protocol.Splitter(ceiling=dialect.ceiling, lengths=dialect.length_policy())
        while chunk := stream.read(_CHUNK):
            yield from map(self._reread, splitter.receive(chunk))
        yield from map(self._reread, splitter.expire())

    def _reread(self, event: protocol.Event) -> protocol.Event:
        return event if isinstance(event, protocol.Skipped) else protocol.reread(event, self.decoding)

    def _frame(self, frame: protocol.Frame, offset: int, *, behind: protocol.Event | None) -> dict[str, Any]:
        message = protocol.decode(frame, dialect=self.decoding.dialect)
        tail = () if frame.raw.endswith(b"\r\n") else protocol.tail_problems(behind)
        return protocol.describe(message, offset=offset, more=tail)


def _dialect(file: IO[str] | None, crcs: tuple[str, ...], **changed: Any) -> protocol.Dialect:
    """The settings of the file, changed by the options that were given."""
    try:
        dialect = protocol.Dialect.from_json(file.read()) if file is not None else protocol.PLAIN_DIALECT
    except BadInput as error:
        raise click.BadParameter(str(error), param_hint="--dialect") from None
    except UnicodeDecodeError:
        raise click.BadParameter("the file is no text in UTF-8", param_hint="--dialect") from None
    names = {name for one in crcs for name in _CRC_GROUPS.get(one, (one,))}
    given = {name: value for name, value in changed.items() if value is not None}
    return replace(dialect, crc=dialect.crc | names, **given)


def _keys(texts: tuple[str, ...]) -> tuple[bytes, ...]:
    from mingcha.protocol.hj212.sm4 import key_of

    try:
        return tuple(key_of(text) for text in texts)
    except BadInput as error:
        raise click.BadParameter(str(error), param_hint="--key") from None


@hj212.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--jsonl", is_flag=True, help="One JSON object a frame instead of a table.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="HEX",
    help="SM4 key: 32 hex digits, or 16 characters. The newest first; may be given again.",
)
@click.option(
    "--crc",
    "crcs",
    multiple=True,
    type=click.Choice((*_CRC_GROUPS, *protocol.CRC_DIALECTS)),
    help="A CRC taken besides HJ 212's own; may be given again.",
)
@click.option(
    "--strict", is_flag=True, help="Refuse every deviation that the dialect does not allow by name."
)
@click.option(
    "--dialect",
    "settings",
    type=click.File(encoding="utf-8"),
    help="Settings of a station as JSON (docs/deviations.md).",
)
@click.option(
    "--lengths",
    type=click.Choice(["reject", "explained", "any"]),
    help="A wrong length whose CRC fits: reject, take where it is explained (the default), or take.",
)
@click.option("--ceiling", type=click.IntRange(1, 9999), help="Longest data segment taken, in bytes (4096).")
def decode(
    file: IO[bytes],
    *,
    jsonl: bool,
    keys: tuple[str, ...],
    crcs: tuple[str, ...],
    strict: bool,
    settings: IO[str] | None,
    lengths: str | None,
    ceiling: int | None,
) -> None:  # fmt: skip
    """Read a stream of bytes from FILE or standard input; say what each frame is worth.

    Passwords are masked. Exit code 1: something was rejected or cut short.
    """
    mode = "strict" if strict else None
    dialect = _dialect(settings, crcs, mode=mode, lengths=lengths, ceiling=ceiling)
    reader = _Reader(protocol.Decoding(dialect, _keys(keys)))
    negative = False
    for record in reader.records(file):
        negative |= record["verdict"] in _NEGATIVE
        click.echo(json.dumps(record, ensure_ascii=False) if jsonl else _table_row(record))
    if negative:
        sys.exit(1)


def _table_row(record: dict[str, Any]) -> str:
    fields = record["fields"] or {}
    head = "  ".join(f"{name}={fields.get(name, '-')}" for name in ("MN", "ST", "CN", "QN"))
    lines = [
        f"{_MARKS[record['verdict']]:<2} {record['verdict']:<9} @{record['offset']:<8} {record['edition'] or '-':<4}  {head}"
    ]
    lines += [f"     {_item(item)}" for item in fields.get("CP", [])]
    lines += [f"   ! {found['code']}: {found['text']} ({found['clause']})" for found in record["problems"]]
    return "\n".join(lines)


def _item(item: dict[str, Any]) -> str:
    return "  ".join(
        f"{name} = {value if isinstance(value, str) else ' | '.join(value)}" for name, value in item.items()
    )


@hj212.command()
@click.option("--edition", type=click.Choice(protocol.editions.EDITIONS), default="2017", show_default=True)
@click.option("--qn", default="", help="17 digits; may be left out in 2005.")
@click.option("--st", required=True, help="System code, e.g. 32 water outlet, 31 stack.")
@click.option("--cn", default="", help="Command code, e.g. 2011; or give --command.")
@click.option(
    "--command",
    "name",
    default="",
    help="A command of the host by name; `--command list` shows all. CP is made of --set.",
)
@click.option(
    "--set", "values", multiple=True, metavar="NAME=VALUE", help="A value of --command; may be given again."
)
@click.option("--pw", required=True, help="Access password, up to 6 characters.")
@click.option("--mn", required=True, help="Id of the data logger.")
@click.option("--flag", type=click.IntRange(0, 255), help="Default: no answer wanted (4 or 8); none in 2005.")
@click.option("--ack", is_flag=True, help="Ask for an answer.")
@click.option("--supplement", is_flag=True, help="RF=1 (2025).")
@click.option("--key", default="", metavar="HEX", help="Encrypt CP (2025): 32 hex digits, or 16 characters.")
@click.argument("cp", default="")
def encode(
    *, edition: str, qn: str, st: str, cn: str, name: str, values: tuple[str, ...], pw: str, mn: str,
    flag: int | None, ack: bool, supplement: bool, key: str, cp: str,
) -> None:  # fmt: skip
    """Print the frame whose parameters are CP, the text between the two &&; or a command of the host by name."""
    if name == "list":
        for command in protocol.COMMANDS.values():
            click.echo(f"{command.name:<28} CN={command.cn}  {command.title_en} ({command.title_zh})")
        return
    if bool(name) == bool(cn):
        raise click.UsageError("give either --cn with CP, or --command with its values by --set")
    secret = _keys((key,))[0] if key else None
    if name:
        asked = {"edition": edition, "qn": qn, "st": st, "pw": pw, "mn": mn}
        raw = protocol.request(name, values=_values(values), key=secret, **asked).raw
    else:
        flag = _flag(flag, edition, ack=ack)
        raw = protocol.encode(
            edition=edition, qn=qn, st=st, cn=cn, pw=pw, mn=mn, flag=flag, cp=cp, rf=supplement
        )
        raw = _encrypted(raw, secret) if secret is not None else raw
    click.echo(raw, nl=False)


def _flag(flag: int | None, edition: str, *, ack: bool) -> int | None:
    if flag is None and (edition != "2005" or ack):
        flag = protocol.editions.version_bits(edition)
    return (flag or 0) | protocol.editions.ACK_BIT if ack else flag


def _values(pairs: tuple[str, ...]) -> dict[str, str]:
    if any("=" not in pair for pair in pairs):
        raise click.BadParameter("expected NAME=VALUE", param_hint="--set")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _encrypted(raw: bytes, key: bytes) -> bytes:
    """The CRC stays that of the plain segment."""
    from mingcha.protocol.hj212.sm4 import encrypt

    head, tail = protocol.limits.HEAD, protocol.limits.CRC_DIGITS + len(b"\r\n")
    return raw[:head] + encrypt(raw[head:-tail], key) + raw[-tail:]


@hj212.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def selftest(*, as_json: bool) -> None:
    """Read all test frames that come with mingcha and compare with their recorded truth."""
    text = files(protocol).joinpath("vectors", "hj212_frames.jsonl").read_text(encoding="utf-8")
    report = vectors.run(text.split("\n"))  # not splitlines: frames may hold other line ends
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        for name, what in report.differences:
            click.echo(f"x  {name}: {what}")
        click.echo(f"{report.right} of {report.total} test frames as recorded ({protocol.BACKEND} codec)")
        for name, why in report.explained:
            click.echo(f"~  {name}: {why}")
    if report.differences:
        sys.exit(1)
