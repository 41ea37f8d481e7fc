"""``mingcha hj212``: read, build and check frames without a server."""

import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from typing import IO, Any

import click

from mingcha.protocol import hj212 as protocol
from mingcha.protocol.hj212 import selftest as vectors

_CHUNK = 64 * 1024
_NEGATIVE = ("rejected", "partial")
_MARKS = {"accepted": "ok", "deviating": "~", "rejected": "x", "partial": "…"}


@click.group(name="hj212")
def hj212() -> None:
    """Frames of HJ 212: decode, encode, selftest."""


def _records(stream: IO[bytes], splitter: protocol.Splitter) -> Iterator[dict[str, Any]]:
    """One object a frame, in the order received; a frame waits for the event behind it, which shows its tail."""
    offset = 0
    held: tuple[protocol.Frame, int] | None = None
    for event in _events(stream, splitter):
        if held is not None:
            yield _frame(*held, behind=event)
        held = (event, offset) if isinstance(event, protocol.Frame) else None
        if isinstance(event, protocol.Rejected):
            yield protocol.describe_rejected(event, offset=offset)
        offset += len(event.raw)
    if held is not None:
        yield _frame(*held, behind=None)


def _events(stream: IO[bytes], splitter: protocol.Splitter) -> Iterator[protocol.Event]:
    while chunk := stream.read(_CHUNK):
        yield from splitter.receive(chunk)
    yield from splitter.expire()


def _frame(frame: protocol.Frame, offset: int, *, behind: protocol.Event | None) -> dict[str, Any]:
    return protocol.describe(protocol.decode(frame), offset=offset, more=protocol.tail_problems(behind))


@hj212.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--jsonl", is_flag=True, help="One JSON object a frame instead of a table.")
@click.option("--lengths", type=click.Choice(["reject", "explained", "any"]), default="explained", show_default=True,
              help="A wrong length whose CRC fits: reject, take where it counts parts of the envelope, or take.")  # fmt: skip
@click.option("--ceiling", type=click.IntRange(1, 9999), default=protocol.CEILING, show_default=True,
              help="Longest data segment taken, in bytes.")  # fmt: skip
def decode(file: IO[bytes], *, jsonl: bool, lengths: str, ceiling: int) -> None:
    """Read a stream of bytes from FILE or standard input; say what each frame is worth.

    Passwords are masked. Exit code 1: something was rejected or cut short.
    """
    splitter = protocol.Splitter(ceiling=ceiling, lengths=protocol.LengthPolicy[lengths.upper()])
    negative = False
    for record in _records(file, splitter):
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
@click.option("--cn", required=True, help="Command code, e.g. 2011.")
@click.option("--pw", required=True, help="Access password, up to 6 characters.")
@click.option("--mn", required=True, help="Id of the data logger.")
@click.option("--flag", type=click.IntRange(0, 255), help="Default: no answer wanted (4 or 8); none in 2005.")
@click.option("--ack", is_flag=True, help="Ask for an answer.")
@click.option("--supplement", is_flag=True, help="RF=1 (2025).")
@click.argument("cp", default="")
def encode(
    *,
    edition: str,
    qn: str,
    st: str,
    cn: str,
    pw: str,
    mn: str,
    flag: int | None,
    ack: bool,
    supplement: bool,
    cp: str,
) -> None:
    """Print the frame whose parameters are CP, the text between the two &&."""
    if flag is None and (edition != "2005" or ack):
        flag = protocol.editions.version_bits(edition)
    if ack:
        flag = (flag or 0) | protocol.editions.ACK_BIT
    raw = protocol.encode(edition=edition, qn=qn, st=st, cn=cn, pw=pw, mn=mn, flag=flag, cp=cp, rf=supplement)
    click.echo(raw, nl=False)


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
