"""What a station's settings make of its frames at intake: keys, CRC dialects, strictness, passwords, editions, marks."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rig import MN, MN_2005, PW, Peer, Rig, frame, known, running

from mingcha.core.clock import format_digits, now
from mingcha.gateway import Policy, Station
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import Decoding, Dialect, sm4
from mingcha.protocol.hj212.crc import modbus

KEY, OTHER = b"0123456789abcdef", b"fedcba9876543210"
PLAIN = Station(MN, PW, "outlet")
Scene = Callable[[Rig, Peer], Awaitable[None]]


def station(dialect: Dialect | None = None, keys: tuple[bytes, ...] = (), **more: object) -> Station:
    return replace(PLAIN, decoding=Decoding(dialect or Dialect(), keys), **more)


def played(folder: Path, stations: list[Station], scene: Scene, policy: Policy | None = None) -> None:
    async def play() -> None:
        async with running(folder, known(*stations), policy=policy) as rig:
            await scene(rig, await rig.peer())

    asyncio.run(play())


async def verdict_of(rig: Rig, peer: Peer, raw: bytes, *, answered: bool = True) -> str:
    """Send ``raw`` and give what the journal says of it."""
    before = len(rig.received())
    await peer.send(raw)
    if answered:
        await peer.answers(1)
    await rig.settled(lambda: len(rig.received()) > before)
    if not answered:
        assert await peer.silent()
    entry = rig.received()[before]
    assert entry.raw == raw, "the journal keeps what was received"
    return entry.verdict


def encrypted(raw: bytes, key: bytes = KEY) -> bytes:
    segment = raw[6:-6]
    cipher = sm4.encrypt(segment, key)
    return raw[:6] + cipher + raw[-6:]


def of_modbus(raw: bytes) -> bytes:
    crc = modbus(raw[6:-6])
    return raw[:-6] + f"{crc & 0xFF:02X}{crc >> 8:02X}".encode() + b"\r\n"


def test_ciphertext_is_read_with_any_key_in_force_and_kept_as_it_came(tmp_path: Path) -> None:
    async def scene(rig: Rig, peer: Peer) -> None:
        for key in (OTHER, KEY):
            verdict = await verdict_of(rig, peer, encrypted(frame(edition="2025"), key))
            assert verdict.partition(":")[0] in {"accepted", "deviating"}
            assert "encrypted" not in verdict.split(":")[-1].split(",")

    played(tmp_path, [station(keys=(KEY, OTHER))], scene)


def test_ciphertext_without_a_key_is_kept_and_named_and_with_a_wrong_one_it_is_refused(
    tmp_path: Path,
) -> None:
    other = MN.replace("A89", "D89")

    async def scene(rig: Rig, peer: Peer) -> None:
        assert (
            await verdict_of(rig, peer, encrypted(frame(edition="2025", mn=other))) == "deviating:encrypted"
        )
        wrong = encrypted(frame(edition="2025"))
        assert await verdict_of(rig, peer, wrong, answered=False) == "rejected:key_wrong"
        assert await verdict_of(rig, peer, frame(edition="2025")) == "accepted"

    played(tmp_path, [station(keys=(OTHER,)), replace(PLAIN, mn=other)], scene)


def test_the_crc_of_modbus_is_taken_where_the_station_says_so_and_nowhere_else(tmp_path: Path) -> None:
    other = MN.replace("A89", "B89")

    async def scene(rig: Rig, peer: Peer) -> None:
        assert (await verdict_of(rig, peer, of_modbus(frame()))) == "deviating:crc_modbus_low_first"
        refused = await verdict_of(rig, peer, of_modbus(frame(mn=other)), answered=False)
        assert refused == "rejected:crc_modbus_low_first"
        assert rig.received()[1].mn == other, "kept under the station it claims"
        assert await verdict_of(rig, peer, frame()) == "accepted"

    tolerant = station(Dialect(crc=frozenset({"modbus_low_first"})))
    played(tmp_path, [tolerant, replace(PLAIN, mn=other)], scene)


def test_a_strict_station_is_refused_its_deviations_but_those_allowed_by_name(tmp_path: Path) -> None:
    odd = f"DataTime={format_digits(now())};a21026-Rtd=1e1,a21026-Flag=N"

    async def scene(rig: Rig, peer: Peer) -> None:
        assert await verdict_of(rig, peer, frame()) == "accepted"
        assert (await verdict_of(rig, peer, frame(cp=odd), answered=False)) == "rejected:value_exponent"

    played(tmp_path, [station(Dialect(mode="strict"))], scene)

    async def allowed(rig: Rig, peer: Peer) -> None:
        assert "value_exponent" in await verdict_of(rig, peer, frame(cp=odd))

    played(tmp_path / "b", [station(Dialect(mode="strict", allowed=frozenset({"value_exponent"})))], allowed)


@pytest.mark.parametrize(("policy", "verdict"), [
    ("ignore", "accepted"), ("warn", "deviating:pw_wrong"), ("reject", "rejected:pw_wrong"),
])  # fmt: skip
def test_the_password_policy_is_the_stations(policy: str, verdict: str, tmp_path: Path) -> None:
    async def scene(rig: Rig, peer: Peer) -> None:
        assert await verdict_of(rig, peer, frame(pw="000000"), answered=policy != "reject") == verdict

    played(tmp_path, [station(Dialect(password=policy))], scene)


def test_while_a_password_is_being_changed_the_old_and_the_new_one_are_right(tmp_path: Path) -> None:
    async def scene(rig: Rig, peer: Peer) -> None:
        for pw in (PW, "newpw1"):
            assert await verdict_of(rig, peer, frame(pw=pw)) == "accepted"
        assert await verdict_of(rig, peer, frame(pw="third0"), answered=False) == "rejected:pw_wrong"

    played(tmp_path, [station(other_passwords=("newpw1",), reject_bad_password=True)], scene)


def test_a_station_that_speaks_another_edition_than_set_is_named_and_answered_in_its_own(
    tmp_path: Path,
) -> None:
    async def scene(rig: Rig, peer: Peer) -> None:
        assert await verdict_of(rig, peer, frame(edition="2025")) == "accepted"
        assert (await peer.ask(frame(edition="2017"))).edition == "2017"
        assert rig.received()[1].verdict == "deviating:edition_unexpected"

    played(tmp_path, [station(edition="2025")], scene)


def test_late_and_supplementary_data_are_marked_and_deviate_by_nothing(tmp_path: Path) -> None:
    old = format_digits(now() - timedelta(days=2))[:10] + "0000"
    cp = f"DataTime={old};a21026-Avg=3.1,a21026-Flag=N"
    late = frame(cn="2061", cp=cp)
    segment = frame(edition="2025", cn="2061", cp=cp)[6:-6]
    supplement = hj212.wrap(segment.replace(b";CP=", b";RF=1;CP="))

    async def scene(rig: Rig, peer: Peer) -> None:
        assert await verdict_of(rig, peer, late) == "accepted:late"
        verdict = await verdict_of(rig, peer, supplement)
        assert verdict.partition(":")[0] == "accepted"
        assert set(verdict.partition(":")[2].split(",")) == {"late", "supplement"}
        recent = format_digits(now() - timedelta(hours=1))[:10] + "0000"
        fresh = frame(cn="2061", cp=f"DataTime={recent};a21026-Avg=3.1,a21026-Flag=N")
        assert await verdict_of(rig, peer, fresh) == "accepted"
        assert rig.gateway.stats()["problems"] == {"late": 2, "supplement": 1}

    played(tmp_path, [PLAIN], scene)


@pytest.mark.parametrize(("reply", "content"), [("qnrtn", "QnRtn=1"), ("qnrtn_exertn", "QnRtn=1;ExeRtn=1")])
def test_9014_has_the_form_the_station_wants(reply: str, content: str, tmp_path: Path) -> None:
    async def scene(rig: Rig, peer: Peer) -> None:
        heard = await peer.ask(frame())
        assert heard.raw[6:-4].endswith(f";Flag=0;CP=&&{content}&&".encode())
        assert (heard.cn, heard.mn, heard.pw) == ("9014", MN, PW)

    played(tmp_path, [station(Dialect(reply=reply, reply_flag="zero"))], scene)


def test_many_stations_share_a_line_and_each_is_judged_by_its_own_settings(tmp_path: Path) -> None:
    other = MN.replace("A89", "C89")

    async def scene(rig: Rig, peer: Peer) -> None:
        await peer.send(b"".join(frame(mn=mn, number=n) for n in range(20) for mn in (MN, other)))
        heard = await peer.answers(40)
        assert [m.mn for m in heard] == [MN, other] * 20
        assert [e.verdict for e in rig.received()] == ["accepted", "deviating:pw_wrong"] * 20

    played(tmp_path, [PLAIN, Station(other, "654321", "outlet")], scene)


def test_a_station_on_two_lines_is_answered_where_it_spoke_and_the_newer_one_is_its_line(
    tmp_path: Path,
) -> None:
    async def scene(rig: Rig, first: Peer) -> None:
        await first.ask(frame(number=0))
        second = await rig.peer()
        assert _line(rig) == first.name, "a line that has sent nothing replaces nothing"
        await second.send(frame()[:-6] + b"0001\r\n")
        await asyncio.sleep(0.05)
        assert _line(rig) == first.name, "nor one whose frame was refused"
        assert (await second.ask(frame(number=1))).cn == "9014"
        assert _line(rig) == second.name
        assert (await first.ask(frame(number=2))).cn == "9014", "the older one is still heard"
        await second.ask(frame(number=3))
        await first.silent(0.05)
        assert first.heard == []

    played(tmp_path, [PLAIN], scene)


def _line(rig: Rig) -> str | None:
    line = rig.gateway._host.line_of(MN)
    return None if line is None else line.name


def test_settings_that_change_hold_from_the_next_frame_on(tmp_path: Path) -> None:
    stations = {MN: PLAIN}

    async def scene() -> None:
        async with running(tmp_path, stations.get) as rig:
            peer = await rig.peer()
            assert await verdict_of(rig, peer, frame()) == "accepted"
            stations[MN] = replace(PLAIN, sts=("32",))
            assert await verdict_of(rig, peer, frame()) == "deviating:st_unexpected"
            del stations[MN]
            assert await verdict_of(rig, peer, frame(), answered=False) == "quarantine"
            stations[MN] = PLAIN
            assert await verdict_of(rig, peer, frame()) == "accepted"

    asyncio.run(scene())


def test_a_logger_of_2025_without_mn_waits_in_quarantine_and_is_answered_9013(tmp_path: Path) -> None:
    raw = frame(edition="2025", mn="", cn="1001", cp="i23005-Info=//L1//;i23006-Info=//C1//")

    async def scene(rig: Rig, peer: Peer) -> None:
        assert (await peer.ask(raw)).cn == "9013"
        assert rig.received()[0].verdict.startswith("quarantine")

    played(tmp_path, [PLAIN], scene)


def test_2005_is_read_through_the_same_door(tmp_path: Path) -> None:
    async def scene(rig: Rig, peer: Peer) -> None:
        assert (await peer.ask(frame(edition="2005", mn=MN_2005))).edition == "2005"

    played(tmp_path, [Station(MN_2005, PW, "outlet")], scene)


def test_a_frame_is_judged_by_the_mn_of_its_field_whatever_else_names_one(tmp_path: Path) -> None:
    other = MN.replace("A89", "D89")

    async def scene(rig: Rig, peer: Peer) -> None:
        segment = frame(mn=other, pw="654321")[6:-6]
        for lure in (b"X= MN=", b"X=1;Y=\tMN="):
            raw = hj212.wrap(segment.replace(b";MN=", b";" + lure + MN.encode() + b";MN="))
            await verdict_of(rig, peer, raw, answered=False)
        verdicts = [entry.verdict for entry in rig.received()]
        assert all(verdict.startswith("rejected:") and "pw_wrong" in verdict for verdict in verdicts), (
            verdicts
        )
        spaced = hj212.wrap(segment.replace(b";MN=", b";\nMN="))
        assert "pw_wrong" in await verdict_of(rig, peer, spaced, answered=False)

    stations = [replace(PLAIN, password="654321"), replace(PLAIN, mn=other, reject_bad_password=True)]
    played(tmp_path, stations, scene)
