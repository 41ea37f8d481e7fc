"""Forwarding to another host: what goes, in which form, and that nothing is lost whatever happens on the way."""

import asyncio
import re
import sqlite3
import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from other_host import OtherHost, hosted

from mingcha.core.clock import format_digits, from_us, now, to_us
from mingcha.core.errors import BadInput
from mingcha.core.refs import FrameRef
from mingcha.gateway import metrics
from mingcha.gateway.forwarder import (
    Forwarder,
    Forwarding,
    ForwardInUse,
    Identity,
    Pace,
    Positions,
    Target,
    status_read,
)
from mingcha.gateway.forwarder import metrics as forward_metrics
from mingcha.gateway.forwarder.reencode import Unsendable, passes, reencoded
from mingcha.gateway.stats import status_write
from mingcha.gateway.watch import Watch
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import Decoding, Message
from mingcha.store.journal import Direction, Entry, Journal, JournalReader

A, B = "0100000000000000000000A1", "0100000000000000000000B2"
AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
KEY = b"0123456789abcdef"
P = ParamSpec("P")
QUICK = Pace(
    poll_s=0.03,
    keep_s=0.05,
    first_wait_s=0.05,
    longest_wait_s=0.2,
    aside_first_s=1,
    aside_most_s=2,
    aside_look_s=0.1,
    count_s=0.05,
)


def looped(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run the test in an event loop of its own."""

    @wraps(test)
    def run(*args: P.args, **more: P.kwargs) -> None:
        asyncio.run(test(*args, **more))

    return run


def frame(
    number: int = 0, *, mn: str = A, cn: str = "2011", st: str = "31", edition: str = "2017", items: str = "",
    pack: tuple[int, int] | None = None, rf: bool = False,
) -> bytes:  # fmt: skip
    moment = AT + timedelta(seconds=number)
    flag = hj212.editions.version_bits(edition) | 1 | (2 if pack else 0)
    cp = f"DataTime={format_digits(moment)};" + (items or f"a21026-Rtd={number}.5,a21026-Flag=N")
    return hj212.encode(
        edition=edition, qn=format_digits(moment, milliseconds=True), st=st, cn=cn, pw="123456", mn=mn, flag=flag,
        cp=cp, pack=pack, rf=rf,
    )  # fmt: skip


def kept(
    raw: bytes,
    *,
    mn: str = A,
    verdict: str = "accepted",
    at: datetime | None = None,
    direction: Direction = Direction.IN,
) -> Entry:
    return Entry(direction, to_us(at or now()), "10.0.0.1:1", mn, verdict, raw)


def many(numbers: range, *, mn: str = A) -> list[Entry]:
    return [kept(frame(n, mn=mn), mn=mn) for n in numbers]


def message_of(raw: bytes) -> Message:
    found = hj212.read(raw)
    assert found is not None
    return found


def target(port: int = 1, **more: Any) -> Target:
    quick = {"timeout_s": 0.4, "resends": 1, "frames_per_s": 5000.0, "late_s": 0.0}
    return Target(**{"key": "city", "host": "127.0.0.1", "port": port, "edition": "2017", **quick, **more})


def plain(entry: Entry) -> Message | None:
    return hj212.read(entry.raw)


def sent(raw: bytes, to: Target, *, late: bool = False) -> list[Message]:
    return [message_of(ready.raw) for ready in reencoded(message_of(raw), to, received=AT, late=late).frames]


async def until(condition: Callable[[], bool], *, within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def forwarding(folder: Path, to: Target, read: Any = plain) -> AsyncIterator[Forwarder]:
    """A forwarder at work; killed at the end, as a process may be."""
    forwarder = Forwarder(to, JournalReader(folder / "journal"), folder / "forward", read, pace=QUICK)
    task = asyncio.create_task(forwarder.run())
    try:
        yield forwarder
    finally:
        assert not task.done() or not task.exception()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    with Journal(tmp_path / "journal") as made:
        yield made


def begun(folder: Path, key: str = "city") -> None:
    """A target that was begun before anything came in."""
    with closing(Positions(folder / "forward", key)) as positions:
        positions.begin({})


# --- what goes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cn", ["2011", "2021", "2031", "2041", "2051", "2061", "2081"])
def test_uploads_of_data_go(cn: str) -> None:
    assert passes(message_of(frame(cn=cn)), target())


@pytest.mark.parametrize("cn", ["1013", "9011", "9012", "9014", "9015", "3020", "2012"])
def test_notifies_answers_and_information_do_not(cn: str) -> None:
    assert not passes(message_of(frame(cn=cn)), target())


def test_filters_choose_stations_systems_and_commands() -> None:
    message = message_of(frame(cn="2061", st="32", mn=B))
    assert passes(message, target(stations=(A, B), sts=("32",), cns=("2061", "2031")))
    assert not passes(message, target(stations=(A,)))
    assert not passes(message, target(sts=("31",)))
    assert not passes(message, target(cns=("2011",)))
    assert passes(message_of(frame(cn="3020")), target(cns=("3020",)))


# --- in which form -------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["2005", "2017", "2025"])
@pytest.mark.parametrize("came", ["2005", "2017", "2025"])
def test_header_and_codes_are_the_targets_and_all_else_is_as_received(came: str, to: str) -> None:
    def items(edition: str) -> str:
        one, two = ("02", "03") if edition == "2005" else ("a21026", "a21002")
        return f"{one}-Rtd=3.10,{one}-Flag=N;{two}-ZsRtd=1e-3;odd="

    raw = frame(7, edition=came, items=items(came))
    [found] = sent(raw, target(edition=to, password="999999", identities={A: Identity("B" * 24, "888888")}))
    was = message_of(raw)
    assert (found.qn, found.st, found.cn) == (was.qn, was.st, was.cn)
    assert (found.mn, found.pw) == ("B" * 24, "888888")
    assert found.flag == {"2005": 1, "2017": 5, "2025": 9}[to]
    there, here = items(to).encode(), items(came).encode()
    assert found.segment.partition(b"CP=")[2] == was.segment.partition(b"CP=")[2].replace(here, there)
    assert found.edition == to


def test_a_station_without_another_name_keeps_its_own() -> None:
    [found] = sent(frame(), target(password="777777"))
    assert (found.mn, found.pw) == (A, "777777")
    [found] = sent(frame(), target())
    assert (found.mn, found.pw) == (A, "123456")


def test_text_that_is_no_utf8_passes_byte_by_byte() -> None:
    cp = "DataTime=20261124103000;i13001-Info=//量程//".encode("gb18030")
    raw = hj212.wrap(
        b"QN=20261124103000000;ST=31;CN=2051;PW=123456;MN=" + A.encode() + b";Flag=5;CP=&&" + cp + b"&&"
    )
    [ready] = reencoded(message_of(raw), target(edition="2025"), received=AT, late=False).frames
    assert b"CP=&&" + cp + b"&&" in ready.raw


def test_a_frame_without_request_number_gets_that_of_its_receipt() -> None:
    raw = hj212.wrap(b"ST=31;CN=2011;PW=123456;MN=31000000000001;CP=&&DataTime=20261124103000;S01-Rtd=6&&")
    [once], [again] = (sent(raw, target()) for _ in range(2))
    assert once.qn == again.qn == format_digits(AT, milliseconds=True)


def test_a_message_too_long_for_the_edition_is_split() -> None:
    items = [f"a{n:05d}-Rtd={n}.25,a{n:05d}-Flag=N" for n in range(60)]
    cp = f"DataTime=20261124103000;{';'.join(items)};i13001-Info=//a;b,c//"
    raw = hj212.wrap(f"QN=20261124103000000;ST=31;CN=2011;PW=123456;MN={A};Flag=5;CP=&&{cp}&&".encode())
    found = sent(raw, target())
    assert len(found) > 1
    assert [message.pack for message in found] == [(len(found), n + 1) for n in range(len(found))]
    assert [message.flag for message in found] == [7] * len(found)
    assert [message.qn for message in found] == [f"2026112410300000{n}" for n in range(len(found))]
    assert all(message.field("DataTime") == "20261124103000" for message in found)
    assert all(len(message.segment) <= 1024 for message in found)
    carried = [item for m in found for item in m.segment.decode().partition("CP=&&")[2][:-2].split(";")[1:]]
    assert ";".join(carried) == cp.partition(";")[2]


def test_a_pack_stays_the_pack_it_was() -> None:
    [found] = sent(frame(3, pack=(4, 2)), target(edition="2025"))
    assert (found.pack, found.flag) == ((4, 2), 11)


@pytest.mark.parametrize(
    ("items", "pack", "why"),
    [
        ("a21026-Info=" + "x" * 990, None, "more than a pack"),
        (";".join(f"a{n:05d}-Rtd=1" for n in range(70)), (2, 1), "pack 1 of 2"),
    ],
)
def test_what_has_no_form_there_is_said(items: str, pack: tuple[int, int] | None, why: str) -> None:
    head = f"QN=20261124103000000;ST=31;CN=2011;PW=123456;MN={A};Flag={7 if pack else 5};"
    head += f"PNUM={pack[0]};PNO={pack[1]};" if pack else ""
    raw = hj212.wrap(f"{head}CP=&&DataTime=20261124103000;{items}&&".encode())
    with pytest.raises(Unsendable, match=why):
        sent(raw, target())


def test_what_waited_long_is_marked_for_targets_of_2025_only() -> None:
    assert [sent(frame(), target(edition="2025"), late=late)[0].supplement for late in (False, True)] == [
        False,
        True,
    ]
    assert sent(frame(edition="2025", rf=True), target(edition="2025"))[0].supplement
    assert not sent(frame(edition="2025", rf=True), target(edition="2017"), late=True)[0].supplement


def test_a_target_that_wants_it_gets_sm4() -> None:
    raw = frame(items="a21026-Rtd=3.10,a21026-Flag=N;a21002-Rtd=4.10,a21002-Flag=N")
    [ready] = reencoded(message_of(raw), target(edition="2025", sm4_key=KEY), received=AT, late=False).frames
    assert b"a21026" not in ready.raw
    opened = hj212.read(ready.raw, Decoding(keys=(KEY,)))
    assert opened is not None
    assert opened.segment.partition(b"CP=")[2] == message_of(raw).segment.partition(b"CP=")[2]


@pytest.mark.parametrize(
    ("more", "field"),
    [({"key": "City!"}, "key"), ({"port": 0}, "port"), ({"edition": "2011"}, "edition"), ({"sm4_key": b"short"}, "sm4_key"),
     ({"sm4_key": KEY}, "sm4_key"), ({"window": 0}, "window"), ({"host": ""}, "host"), ({"frames_per_s": 0}, "frames_per_s")],
)  # fmt: skip
def test_a_target_that_cannot_be_is_refused(more: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        target(**more)
    assert refused.value.problems.keys() == {field}


def test_secrets_of_a_target_are_not_shown() -> None:
    shown = repr(
        target(edition="2025", password="s3cret", sm4_key=KEY, identities={A: Identity("", "hidden")})
    )
    assert not {"s3cret", "hidden", KEY.decode()} & set(shown.replace("'", " ").split())


# --- that it arrives -----------------------------------------------------------------------------------


@looped
async def test_uploads_arrive_in_order_and_nothing_else(tmp_path: Path, journal: Journal) -> None:
    begun(tmp_path)
    async with hosted() as host, forwarding(tmp_path, target(host.port)) as forwarder:
        journal.append(
            [
                *many(range(5)), kept(frame(5, cn="1013")), kept(frame(6), verdict="deviating:crc_case"),
                kept(frame(7), verdict="rejected:crc"), kept(frame(8), verdict="quarantine"),
                kept(frame(9), direction=Direction.OUT), *many(range(10, 12)),
            ]
        )  # fmt: skip
        await until(lambda: forwarder.counts.acked == 8)
        await until(lambda: forwarder._places.get("g0") == FrameRef(journal_name(tmp_path), 1, 11))
        assert forwarder.counts.skipped == 4
        assert forwarder.status()["behind_s"] == 0
    assert host.qns == [message_of(frame(n)).qn for n in (0, 1, 2, 3, 4, 6, 10, 11)]


def journal_name(folder: Path) -> str:
    return str(next((folder / "journal").glob("*.sqlite3")).name.partition(".")[0])


@looped
async def test_a_new_target_begins_with_what_comes_from_now_on(tmp_path: Path, journal: Journal) -> None:
    journal.append(many(range(10)))
    async with hosted() as host, forwarding(tmp_path, target(host.port)) as forwarder:
        await until(lambda: forwarder.state == "connected")
        journal.append(many(range(10, 12)))
        await until(lambda: forwarder.counts.acked == 2)
        assert host.qns == [message_of(frame(n)).qn for n in (10, 11)]


@looped
async def test_a_new_target_may_begin_in_the_past(tmp_path: Path, journal: Journal) -> None:
    old = now() - timedelta(days=3)
    for n in range(6):
        journal.append([kept(frame(n), at=old + timedelta(hours=n))])
    to = target(1, since=old + timedelta(hours=3, minutes=-1))
    async with hosted() as host, forwarding(tmp_path, replace(to, port=host.port)) as forwarder:
        await until(lambda: forwarder.counts.acked == 3)
        assert host.qns == [message_of(frame(n)).qn for n in (3, 4, 5)]


@looped
async def test_a_target_that_was_down_catches_up_at_its_rate_while_frames_come_in(
    tmp_path: Path, journal: Journal
) -> None:
    """Down, then up: nothing is lost, the order holds, reception goes on, and the rate is kept."""
    begun(tmp_path)
    host = OtherHost()
    await host.up()
    await host.down()
    rate, backlog = 400.0, 600
    async with forwarding(tmp_path, target(host.port, frames_per_s=rate)) as forwarder:
        for first in range(0, backlog, 50):
            journal.append(many(range(first, first + 50)))
        await until(lambda: forwarder.state == "waiting")
        assert "no connection" in forwarder.error
        assert forwarder.status()["positions"] == {}, "nothing may be passed over while the target is down"
        began = asyncio.get_running_loop().time()
        await host.up()
        await until(lambda: len(host.heard) > 10)
        slowest = 0.0
        for n in range(backlog, backlog + 20):
            at = asyncio.get_running_loop().time()
            await asyncio.to_thread(journal.append, many(range(n, n + 1)))
            slowest = max(slowest, asyncio.get_running_loop().time() - at)
        await until(lambda: forwarder.counts.acked == backlog + 20, within=20)
        took = asyncio.get_running_loop().time() - began
        assert took > (backlog - 100) / rate, "faster than the rate allows"
        assert slowest < 1.0, "catching up held reception back"
    await host.down()
    assert host.qns == [message_of(frame(n)).qn for n in range(backlog + 20)]


@looped
async def test_a_target_that_stops_answering_and_restarts_gets_everything(
    tmp_path: Path, journal: Journal
) -> None:
    """Every third frame is not answered the first time, and the host is restarted in the middle."""
    begun(tmp_path)
    seen: set[str] = set()

    def forgetful(message: Message) -> str | None:
        first = message.qn not in seen
        seen.add(message.qn)
        return None if first and int(message.qn[-5:-3]) % 3 == 0 else ""

    journal.append(many(range(60)))
    async with hosted(forgetful) as host, forwarding(tmp_path, target(host.port, window=8)) as forwarder:
        await until(lambda: forwarder.counts.acked >= 15)
        await host.down()
        await asyncio.sleep(0.1)
        await host.up()
        await until(lambda: forwarder.counts.acked >= 60)
        assert forwarder.counts.resent > 5
        assert forwarder.counts.connects >= 2
    assert set(host.qns) == {message_of(frame(n)).qn for n in range(60)}


@looped
async def test_a_process_that_dies_repeats_a_little_and_loses_nothing(
    tmp_path: Path, journal: Journal
) -> None:
    begun(tmp_path)
    journal.append(many(range(300)))
    async with hosted() as host:
        for goal in (40, 120, 300):
            async with forwarding(tmp_path, target(host.port, frames_per_s=600.0)):
                await until(lambda goal=goal: len(set(host.qns)) >= goal)  # type: ignore[misc]
    assert set(host.qns) == {message_of(frame(n)).qn for n in range(300)}
    assert len(host.qns) < 300 + 2 * (32 + 50), "more was sent twice than the window and the last moment"


@looped
async def test_a_station_the_target_does_not_know_does_not_hold_the_others(
    tmp_path: Path, journal: Journal
) -> None:
    """Its frames are kept aside; when the target knows it, they go."""
    begun(tmp_path)
    known = {A}
    for n in range(0, 60, 2):
        journal.append([*many(range(n, n + 1)), *many(range(n + 1, n + 2), mn=B)])
    async with hosted(lambda m: "" if m.mn in known else None) as host:  # noqa: SIM117  the host outlives the forwarder
        async with forwarding(tmp_path, target(host.port, window=8)) as forwarder:
            await until(lambda: forwarder.counts.acked == 30)
            await until(lambda: forwarder.counts.aside == 30, within=20)
            await until(lambda: forwarder._places["g0"].block == 30)
            attempts = sum(m.mn == B for m in host.heard)
            assert attempts <= 2 * (8 + QUICK.silent_after), "a silent station is not tried frame by frame"
            known.add(B)
            await until(lambda: forwarder.counts.aside == 0, within=20)
            assert forwarder.counts.acked == 60
    assert {m.qn for m in host.heard if m.mn == B} == {message_of(frame(n)).qn for n in range(1, 60, 2)}


@looped
async def test_frames_at_the_head_that_nobody_wants_make_room_for_others(
    tmp_path: Path, journal: Journal
) -> None:
    """The first window holds only frames of a station that is unknown there: nothing at all is answered."""
    begun(tmp_path)
    journal.append(many(range(12), mn=B))
    journal.append(many(range(12, 15)))
    to = target(timeout_s=0.1, resends=0, window=4)
    async with (
        hosted(lambda m: "" if m.mn == A else None) as host,
        forwarding(tmp_path, replace(to, port=host.port)) as forwarder,
    ):
        await until(lambda: forwarder.counts.acked == 3, within=20)


@looped
async def test_a_refusal_in_the_answer_is_kept_and_counted(tmp_path: Path, journal: Journal) -> None:
    begun(tmp_path)
    journal.append([*many(range(1)), *many(range(1, 2), mn=B)])
    async with (
        hosted(lambda m: "QnRtn=3" if m.mn == B else "QnRtn=1") as host,
        forwarding(tmp_path, target(host.port)) as forwarder,
    ):
        await until(lambda: forwarder.counts.refused == 1 and forwarder.counts.acked == 1)
        await until(lambda: forwarder.counts.aside == 1)
    with closing(Positions(tmp_path / "forward", "city")) as positions:
        assert [(one.mn, "QnRtn=3" in one.reason) for one in positions.listed()] == [(B, True)]


@looped
async def test_a_frame_that_cannot_be_sent_is_listed_and_passed(tmp_path: Path, journal: Journal) -> None:
    begun(tmp_path)
    long = hj212.wrap(
        f"QN=20261124103000000;ST=31;CN=2011;PW=1;MN={A};Flag=5;CP=&&DataTime=20261124103000;a-Info={'x' * 1200}&&".encode()
    )
    journal.append([kept(long), *many(range(1, 3))])
    async with hosted() as host, forwarding(tmp_path, target(host.port)) as forwarder:
        await until(lambda: forwarder.counts.acked == 2)
        await until(lambda: forwarder.counts.aside == 1)
    with closing(Positions(tmp_path / "forward", "city")) as positions:
        [one] = positions.listed()
        assert "more than a pack" in one.reason


@pytest.mark.parametrize("edition", ["2005", "2025"])
@looped
async def test_answers_of_each_edition_are_understood(tmp_path: Path, journal: Journal, edition: str) -> None:
    begun(tmp_path)
    journal.append(many(range(3)))
    decoding = Decoding(keys=(KEY,)) if edition == "2025" else hj212.PLAIN
    to = target(edition=edition, sm4_key=KEY if edition == "2025" else b"")
    async with (
        hosted(decoding=decoding) as host,
        forwarding(tmp_path, replace(to, port=host.port)) as forwarder,
    ):
        await until(lambda: forwarder.counts.acked == 3)
        assert [m.edition for m in host.heard] == [edition] * 3


@looped
async def test_requests_of_the_target_are_refused_in_its_edition(tmp_path: Path, journal: Journal) -> None:
    begun(tmp_path)
    async with hosted() as host, forwarding(tmp_path, target(host.port)):
        await until(lambda: host.connections == 1)
        await host.ask(
            hj212.encode(
                edition="2017", qn="20261124103000000", st="31", cn="2061", pw="123456", mn=A, flag=5, cp=""
            )
        )
        await until(lambda: len(host.others) == 1)
        [said] = host.others
        assert (said.cn, said.qn, said.field("QnRtn")) == ("9011", "20261124103000000", "2")


@looped
async def test_all_gateways_are_forwarded_and_a_broken_journal_holds_only_itself(
    tmp_path: Path, journal: Journal
) -> None:
    begun(tmp_path)
    with Journal(tmp_path / "journal", gateway="g1") as second:
        journal.append(many(range(10)))
        journal.append(many(range(10, 20)))
        second.append(many(range(20, 30), mn=B))
    with closing(sqlite3.connect(tmp_path / "journal" / f"{journal_name_of(tmp_path, 'g0')}.sqlite3")) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE blocks SET payload = zeroblob(length(payload)) WHERE seq = 2")
        db.commit()
    async with hosted() as host, forwarding(tmp_path, target(host.port)) as forwarder:
        await until(lambda: forwarder.counts.acked == 20)
        await asyncio.sleep(0.2)
        assert sorted(host.qns) == [message_of(frame(n)).qn for n in (*range(10), *range(20, 30))]
        await until(lambda: forwarder._places.keys() == {"g0", "g1"})
        assert forwarder._places["g0"].block == 1


def journal_name_of(folder: Path, gateway: str) -> str:
    return str(next((folder / "journal").glob(f"{gateway}-*.sqlite3")).name.partition(".")[0])


@looped
async def test_frames_of_a_station_with_a_key_are_opened_before_they_go(
    tmp_path: Path, journal: Journal
) -> None:
    """The target speaks 2017 and knows nothing of SM4."""
    begun(tmp_path)
    clear = frame(1, edition="2025", items="a21026-Rtd=3.10,a21026-Flag=N;a21002-Rtd=4.10,a21002-Flag=N")
    [ready] = reencoded(
        message_of(clear), target(edition="2025", sm4_key=KEY), received=AT, late=False
    ).frames
    journal.append([kept(ready.raw)])
    decoding = Decoding(keys=(KEY,))
    async with (
        hosted() as host,
        forwarding(tmp_path, target(host.port), lambda e: hj212.read(e.raw, decoding)) as forwarder,
    ):
        await until(lambda: forwarder.counts.acked == 1)
    assert host.heard[0].field("a21002-Rtd") == "4.10"


@looped
async def test_a_target_of_many_processes_is_taken_by_one(tmp_path: Path, journal: Journal) -> None:
    begun(tmp_path)
    ended = asyncio.Event()
    reader = JournalReader(tmp_path / "journal")

    def targets() -> Sequence[Target]:
        return current

    async with hosted() as one, hosted() as two:
        current = [target(one.port)]
        first = Forwarding(reader, tmp_path, plain, targets)
        task = asyncio.create_task(first.run(ended))
        journal.append(many(range(3)))
        await until(lambda: len(one.heard) == 3)
        with pytest.raises(ForwardInUse, match="forwards from"):
            await Forwarding(reader, tmp_path, plain, targets).run(asyncio.Event())
        begun(tmp_path, "district")
        current = [target(two.port, key="district")]  # the first is switched off, another comes
        await first.refresh()
        await until(lambda: len(two.heard) == 3)
        journal.append(many(range(3, 5)))
        await until(lambda: len(two.heard) == 5)
        assert len(one.heard) == 3
        ended.set()
        await task
    status = status_read(tmp_path, "district")
    assert status is not None
    assert (status["state"], status["acked"], status["aside"]) == ("stopped", 5, 0)
    assert status["positions"]["g0"].startswith("g0-")
    assert from_us(status["last_acked_us"]) <= now()


def issued(folder: Path, name: str) -> tuple[str, ssl.SSLContext]:
    """A certificate for ``name`` that signs itself: its PEM, and a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=3650)).not_valid_after(AT + timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    path = folder / f"{name}.pem"
    path.write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return pem.decode(), context


@looped
async def test_a_target_is_spoken_to_over_tls_when_its_certificate_fits(
    tmp_path: Path, journal: Journal
) -> None:
    begun(tmp_path)
    pem, context = issued(tmp_path, "city.example")
    stranger, _ = issued(tmp_path, "stranger.example")
    journal.append(many(range(3)))
    async with hosted(tls=context) as host:
        secured = target(host.port, tls=True, tls_ca=pem, tls_name="city.example")
        for wrong, why in (
            (replace(secured, tls_ca=stranger), "certificate verify failed"),
            (replace(secured, tls_name="other.example"), "Hostname mismatch|certificate is not valid"),
            (replace(secured, tls_ca="no PEM"), "no PEM certificate"),
            (replace(secured, tls=False), "closed the connection|nothing|reset|not HJ 212"),
        ):
            async with forwarding(tmp_path, wrong) as forwarder:
                await until(lambda one=forwarder: bool(one.error))  # type: ignore[misc]
                assert re.search(why, forwarder.error), forwarder.error
        assert host.heard == []
        async with forwarding(tmp_path, secured) as forwarder:
            await until(lambda: forwarder.counts.acked == 3)
    assert host.qns == [message_of(frame(n)).qn for n in range(3)]


# --- codes, counters, a day of frames ------------------------------------------------------------------


@looped
async def test_a_field_without_a_code_there_is_left_out_and_said_and_the_rest_arrives(
    tmp_path: Path, journal: Journal
) -> None:
    begun(tmp_path)
    items = "w01018-Rtd=36.4,w01018-Flag=N;w99999-Rtd=1,w99999-Flag=N"
    journal.append([kept(frame(n, items=items, st="32")) for n in range(3)])
    journal.append([kept(frame(3, items="w99999-Rtd=1", st="32"))])
    async with hosted() as host, forwarding(tmp_path, target(host.port, edition="2005")) as forwarder:
        await until(lambda: forwarder.counts.acked == 3 and forwarder.counts.unsendable == 1)
        assert {m.field("011-Rtd") for m in host.heard} == {"36.4"}
        assert not any(name.startswith("w") for m in host.heard for name, _ in m.fields)
        assert forwarder.counts.fields_left == 6
        await until(lambda: forwarder.counts.aside == 1)
    with closing(Positions(tmp_path / "forward", "city")) as positions:
        found = {one.field: one for one in positions.left_out()}
        assert set(found) == {"w99999-Rtd", "w99999-Flag"}
        one = found["w99999-Rtd"]
        assert (one.mn, one.times, one.first.index, one.last.index) == (A, 3, 0, 2)
        assert "in no table" in one.reason
        assert "none of its fields has a code of 2005" in positions.listed()[0].reason


@looped
async def test_how_far_behind_a_target_is_grows_while_it_is_away_and_is_told_to_prometheus(
    tmp_path: Path, journal: Journal
) -> None:
    begun(tmp_path)
    journal.append(many(range(4)))
    said: list[dict[str, Any]] = []
    async with hosted() as host:
        to = target(host.port)
        forwarder = Forwarder(
            to, JournalReader(tmp_path / "journal"), tmp_path / "forward", plain, said.append, QUICK
        )
        task = asyncio.create_task(forwarder.run())
        await until(lambda: forwarder.counts.acked == 4)
        await host.down()
        journal.append(many(range(4, 11)))
        await until(lambda: bool(said) and said[-1]["state"] == "waiting" and said[-1]["behind_entries"] == 7)
        await until(lambda: said[-1]["behind_s"] > 0)
        away = page({"city": said[-1]})
        assert 'mingcha_forward_lag_frames{target="city"} 7.0' in away
        assert 'mingcha_forward_connected{target="city"} 0.0' in away
        await host.up()
        await until(lambda: said[-1]["acked"] == 11 and said[-1]["behind_entries"] == 0)
        assert said[-1]["behind_s"] == 0
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    status_write(tmp_path / "forward" / "city.status.json", said[-1])
    watch = Watch(tmp_path, [], host="127.0.0.1", port=0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{watch.port}/metrics") as answer:
            text = answer.read().decode()
    finally:
        watch.close()
    for row in ("sent_total", "acked_total", "retried_total", "aside", "lag_frames", "lag_seconds"):
        assert f'mingcha_forward_{row}{{target="city"}}' in text
    assert 'mingcha_forward_acked_total{target="city"} 11.0' in text


def page(found: dict[str, dict[str, Any]]) -> str:
    return metrics.page(forward_metrics.families(found)).decode()
