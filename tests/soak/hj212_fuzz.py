"""Differential mutation fuzzing of the HJ 212 core: compiled = pure = the plain reading of the standard.

``python -m tests.soak.hj212_fuzz [COUNT] [SEED]`` from the root. Inputs are good frames of every edition with bytes
changed, most of them wrapped again with a right CRC, so that they reach the grammar. Each goes, cut in two, through

- ``Feed`` (compiled) and ``Splitter`` (pure): the same events, no byte lost, arrivals clean by the pure reading too;
- ``decode`` (both) where a frame is not clean: the same header, marks and fields;
- ``hj212_reference``: what is of the standard's form has that reading and that answer;

one in ``DEEP_EVERY`` also through ``Feed`` (pure), the problems of both and the search for every frame of the
standard; and one batch in ``COLUMNS_EVERY`` through ``decode_batch`` (both): the same columns. A difference or an exception is
shrunk to the fewest bytes that still give it.
"""

import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tests.protocol import hj212_reference as reference
from tests.protocol.hj212_frames import CP_HOUR, GOOD, SPOILED, good, segment

from mingcha.protocol.hj212 import Frame, Skipped, Splitter, _pure, arrivals, codec, decode, wrap
from mingcha.protocol.hj212.columns import decode_batch

BATCH = 64  # inputs made and tried together
COLUMNS_EVERY = 64  # batches
DEEP_EVERY = 32  # inputs; a deep one costs several times as much

ANSWERED = frozenset({"5", "7", "9", "11"})  # Flag of 2017 and 2025 with the bit that wants an answer
CP_SHORT = "DataTime=20260301080500;w01018-Rtd=36.4,w01018-Flag=N"
SEGMENTS = (
    segment(), segment(cp=CP_SHORT), segment(cp=CP_SHORT, Flag="9"), segment(CN="2061", cp=CP_HOUR), segment(cp=""),
    segment(cp=CP_SHORT, Flag="7", PNUM="2", PNO="1"), segment(CN="1062", cp="RtdInterval=30"),
    segment(CN="2031", cp="DataTime=20260301000000;a21026-Cou=-0.50,a21026-Flag=D;a01011-Avg=7", ST="31"),
    segment(CN="3020", cp="DataTime=20260301080500;PolId=w01018;i11001-Info=//更换,试剂;//"),
    segment(head="ST=32;CN=2011;PW=123456;MN=88888880000001", cp="DataTime=20260301080500;011-Rtd=1.50,011-Flag=N"),
    segment(CN="9014", ST="91", Flag="4", cp=""), segment(CN="2051", cp="DataTime=20260301080500;w01018-Flag=B"),
    segment(CN="2011", Flag="9", RF="1", cp=CP_SHORT),
)  # fmt: skip
STREAMS = (*GOOD, *SPOILED, good(cp=CP_SHORT), b"##0008QN=1;A=1FFFF")
PIECES = (
    b";", b",", b"=", b"&&", b"##", b"-", b"//", b"-Flag=N", b"-Flag=D", b"w01018-Rtd=", b"\r\n", b" ", b"\t", b"CP=&&",
    b"QN=", b"0", b"1.5", b"-0.0", b"N", b"n", b"\xe4\xb8\xad", b"\xd6\xd0", b"Flag=8;", b"DataTime=20260229080500",
    b"00010101000000", b"QN=00010101000000000;", b"DataTime=18991231235959;", b"DataTime=99991231235959;",
    b"99999999999999999999", b"1e3", b".", b"\x00", b"\xff", b"RF=1;", b"PNUM=2;PNO=1;", b"#", b"&", b"0001", b"",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Input:
    """Bytes, and where they are cut in two."""

    raw: bytes
    cut: int


class Difference(AssertionError):
    """The codecs, or a codec and the standard, do not agree."""


def expect(what: str, one: object, other: object) -> None:
    if one != other:
        raise Difference(f"{what}:\n    {one!r}\n    {other!r}")


# ------------------------------------------------------------------------------------------------ inputs


def mutated(rng: random.Random, raw: bytes) -> bytes:
    """One to four small changes anywhere."""
    out = bytearray(raw)
    for _ in range(1 + int(rng.random() * 4)):
        at = int(rng.random() * (len(out) + 1))
        kind = rng.random()
        if kind < 0.4:
            out[at:at] = PIECES[int(rng.random() * len(PIECES))]
        elif kind < 0.6:
            out[at : at + 1 + int(rng.random() * 6)] = PIECES[int(rng.random() * len(PIECES))]
        elif kind < 0.85:
            del out[at : at + 1 + int(rng.random() * 12)]
        elif at < len(out):
            out[at] = int(rng.random() * 256)
    return bytes(out)


def made(rng: random.Random) -> Input:
    """Half of them reach the grammar, one is a good frame, the others are damaged streams."""
    kind = rng.random()
    if kind < 0.5:
        raw = wrap(mutated(rng, SEGMENTS[int(rng.random() * len(SEGMENTS))]))
    elif kind < 0.6:
        raw = wrap(SEGMENTS[int(rng.random() * len(SEGMENTS))])
    else:
        raw = mutated(rng, STREAMS[int(rng.random() * len(STREAMS))])
        if kind > 0.9:
            raw += STREAMS[int(rng.random() * len(STREAMS))]
    return Input(raw, int(rng.random() * (len(raw) + 1)))


# ------------------------------------------------------------------------------------------------ checks


def fed(backend, one: Input) -> tuple[list, bytes]:
    """Events and what is left before the stream ends; then those of its end."""
    feed = backend.Feed()
    events = feed.receive(one.raw[: one.cut]) + feed.receive(one.raw[one.cut :])
    return [*events, None, *feed.expire()], feed.pending


def plain(event) -> object:
    """An event as a value: an arrival by what it says."""
    if hasattr(event, "head"):
        head = event.head
        return (event.raw, event.size, event.qn, event.data_time, event.reply, head.key, head.st, head.cn, head.pw, head.mn,
                head.flag, head.edition, head.wants_ack, head.supplement, head.pack, head.reply_cn, head.before)  # fmt: skip
    return event


def flat(events: list) -> list:
    """The splitter's events of what a feed gave."""
    out: list = []
    for event in events:
        if hasattr(event, "head"):
            out.append(event.frame)
            if len(event.raw) > event.size:
                out.append(Skipped(b"\r\n"))
        elif event is not None:
            out.append(event)
    return out


def check_streams(one: Input, *, deep: bool) -> list:
    """The events of the compiled feed, where all agree. What is clean by its own reading is so by the pure one;
    what is not, it leaves to the code that the pure feed has too, which is therefore run only where ``deep``."""
    events, rest = fed(codec, one)
    if deep:
        others, other_rest = fed(_pure, one)
        expect("what the compiled and the pure feed give", [*map(plain, events)], [*map(plain, others)])
        expect("what is left", rest, other_rest)
    found = flat(events)
    expect("the bytes", b"".join([event.raw for event in found]), one.raw)
    splitter = Splitter(backend=_pure)
    expect("events of the feed and the pure splitter", found, splitter.receive(one.raw) + splitter.expire())
    return events


def check_messages(events: list, *, deep: bool) -> None:
    """Both codecs read every frame alike, and as the standard does where it is of its form.

    Problems follow from what is read by one code for both, and a frame with a problem is no arrival: so they are
    compared only where ``deep``.
    """
    for event in events:
        if type(event) is codec.Arrival:
            judged = arrivals.judged(event.frame, _pure)
            expect(
                "problems of an arrival",
                judged and judged[:4],
                (event.head, event.qn, event.data_time, event.reply),
            )
            check_standard(event.frame, event.message, event)
        elif isinstance(event, Frame):
            message, other = decode(event, backend=codec), decode(event, backend=_pure)
            expect("header", [*message.header.items()], [*other.header.items()])
            expect("head", _head_of(message), _head_of(other))
            expect(
                "fields",
                (message.cp, message.body_marks, message.odd),
                (other.cp, other.body_marks, other.odd),
            )
            if deep:
                expect("problems", (message.problems, message.verdict), (other.problems, other.verdict))
            if not event.problems:
                check_standard(event, message, None)


def _head_of(message) -> tuple:
    return (message.qn, message.st, message.cn, message.pw, message.mn, message.flag, message.wants_ack,
            message.head_marks, message.content_at)  # fmt: skip


def check_standard(frame: Frame, message, arrival) -> None:
    read = reference.parse(frame.segment)
    if read is None:
        expect("an arrival that is not of the standard's form", arrival, None)
        return
    header, items = read
    expect("marks of the standard's form", message.head_marks | message.body_marks, 0)
    expect("header by the standard", message.header, header)
    expect("items by the standard", [*message.cp], items)
    if arrival is not None and header["CN"] in reference.UPLOADS and header.get("Flag") in ANSWERED:
        expect("answer by the standard", arrival.reply, reference.ack(header))


def check_frames(one: Input, events: list) -> None:
    """Every frame of the standard's form is found, and what is taken as flawless has the right CRC."""
    found = [event for event in flat(events) if isinstance(event, Frame)]
    raws = iter([frame.raw for frame in found])
    for raw in reference.frames(one.raw):
        if raw not in raws:
            raise Difference(f"a frame of the standard's form was not found: {raw!r}")
    for frame in found:
        if not frame.problems:
            expect("CRC by the standard", int(frame.raw[-4:], 16), reference.crc(frame.segment))


def check_one(one: Input, *, deep: bool = True) -> None:
    events = check_streams(one, deep=deep)
    check_messages(events, deep=deep)
    if deep:
        check_frames(one, events)


def check_columns(one: Input) -> None:
    """Both codecs fill the same columns. A word's place may differ: words are compared."""
    compiled, pure = decode_batch(one.raw, backend=codec), decode_batch(one.raw, backend=_pure)
    for a, b in ((compiled.frames, pure.frames), (compiled.fields, pure.fields)):
        expect("rows", a.rows, b.rows)
        for column, x, y in zip(a.columns, a.values, b.values, strict=True):
            if column.kind == "word":
                expect(f"column {column.name}", spelled(*x), spelled(*y))
            else:
                expect(f"column {column.name}", x, y)


def spelled(places: bytearray, words: list[str]) -> list[str]:
    return [words[place] for place in memoryview(places).cast("i")]


# ----------------------------------------------------------------------------------------------- running


def fails(check: Callable[[Input], None], one: Input) -> str:
    """What ``check`` says; "" where it is content."""
    try:
        check(one)
    except Exception as error:  # noqa: BLE001 - whatever is raised is what we look for
        return f"{type(error).__name__}: {error}"
    return ""


def shrunk(check: Callable[[Input], None], one: Input) -> Input:
    """The fewest bytes found that still fail: whole runs are left out, then smaller ones, down to single bytes."""
    if one.cut and fails(check, Input(one.raw, 0)):
        one = Input(one.raw, 0)
    size = max(1, len(one.raw) // 2)
    while size:
        at, smaller = 0, False
        while at < len(one.raw):
            less = Input(
                one.raw[:at] + one.raw[at + size :], one.cut if one.cut <= at else max(at, one.cut - size)
            )
            if fails(check, less):
                one, smaller = less, True
            else:
                at += size
        size = size if smaller and size == 1 else size // 2
    return one


def report(check: Callable[[Input], None], one: Input) -> str:
    least = shrunk(check, one)
    return (
        f"{fails(check, least)}\n  smallest input: {least.raw!r}\n  cut at {least.cut}; reproduce with\n"
        f"  {check.__name__}(Input({least.raw!r}, {least.cut}))"
    )


def run(count: int, seed: int, advance: Callable[[int], None] = lambda _: None) -> None:
    """Try ``count`` inputs.

    Raises:
        Difference: with the smallest input found that shows it.
    """
    rng = random.Random(seed)
    for number in range(0, count, BATCH):
        batch = [made(rng) for _ in range(min(BATCH, count - number))]
        for place, one in enumerate(batch):
            try:
                check_one(one, deep=place % DEEP_EVERY == 0)
            except Exception as error:
                raise Difference(report(check_one, one)) from error
        if number // BATCH % COLUMNS_EVERY == 0:
            joined = Input(b"".join(one.raw for one in batch), 0)
            if fails(check_columns, joined):
                raise Difference(report(check_columns, joined))
        advance(len(batch))


def main(arguments: list[str]) -> int:
    count = int(arguments[0]) if arguments else 100_000
    seed = int(arguments[1]) if len(arguments) > 1 else 1
    if codec.BACKEND != "compiled":
        print(
            "there is no compiled codec to compare: run `make setup` and unset MINGCHA_PURE", file=sys.stderr
        )
        return 2
    columns = (
        TextColumn("fuzzing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    began = time.perf_counter()
    with Progress(*columns) as progress:
        task = progress.add_task("", total=count, rate="")

        def advance(size: int) -> None:
            done = progress.tasks[0].completed + size
            progress.update(task, advance=size, rate=f"{done / (time.perf_counter() - began):,.0f} inputs/s")

        try:
            run(count, seed, advance)
        except Difference as found:
            progress.stop()
            print(found, file=sys.stderr)
            return 1
    took = time.perf_counter() - began
    print(f"{count:,} inputs, no difference, {count / took:,.0f} inputs/s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
