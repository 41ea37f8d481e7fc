"""Conformance: our own simulator and gateway pass; each kind of faulty peer is caught by the case that is about it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from conformance_peers import Meddler, dropped, host_run, logger_run, owes_minutes, replaced, segment

from mingcha.core.errors import BadInput
from mingcha.gateway.conformance import Outcome, Run, Runner, Settings, cases, chosen
from mingcha.gateway.conformance.judges import JUDGES
from mingcha.gateway.conformance.outcomes import shown
from mingcha.gateway.conformance.table import groups, sentences
from mingcha.gateway.simulator.datalogger import key_for
from mingcha.protocol import hj212
from mingcha.protocol.hj212.editions import EDITIONS
from mingcha.protocol.hj212.exchanges import COMMANDS

KEY = b"msbE74gsiSHSEh5e"
Faulty = Callable[[Meddler], None]


def names(run: Run, outcome: Outcome) -> set[str]:
    return {result.case.id for result in run.results if result.outcome is outcome}


def told(run: Run) -> str:
    """What failed, for the message of an assertion."""
    return "\n".join(
        f"{r.case.id}: {r.verdict.sentence('en')} {[shown(f) for f in r.verdict.frames]}"
        for r in run.results
        if r.outcome is Outcome.FAIL
    )


# --- the table -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["logger", "host"])
@pytest.mark.parametrize("edition", EDITIONS)
def test_every_case_has_its_judge_group_and_words(role, edition):
    found = cases(role, edition)
    assert len({case.id for case in found}) == len(found)
    for case in found:
        assert case.judge in JUDGES
        assert case.group in groups()
        assert case.zh
        assert case.en
        assert case.how_zh
        assert case.how_en
        assert case.tag.value != "official" or edition == "2017", "only the text of 2017 was read"


def test_every_command_of_an_edition_is_tried():
    elsewhere = {  # by cases of their own
        "set_mn", "set_key", "set_password", "set_realtime_interval", "set_minute_interval", "start_realtime",
        "stop_realtime", "start_states", "stop_states", "ask_time",
    }  # fmt: skip
    for edition in EDITIONS:
        for role, other in (("logger", "host"), ("host", "logger")):
            tried = {case.args.get("command") for case in cases(role, edition)}
            known = {c.name for c in COMMANDS.values() if c.role == other and edition in c.editions}
            assert known - tried <= elsewhere


def test_every_problem_of_a_frame_is_judged_by_one_case():
    codes = [code for case in cases("logger", "2017") for code in case.args.get("codes", ())]
    assert len(codes) == len(set(codes))
    assert set(hj212.KINDS) - set(codes) == {"clock_drift"}, "that one is case frames.clock"


def test_every_sentence_is_in_both_languages_and_asks_for_the_same():
    for code, texts in sentences().items():
        places = {language: texts[language].count("{") for language in ("zh", "en")}
        assert places["zh"] == places["en"], code


def test_a_mistyped_case_is_named():
    with pytest.raises(BadInput, match=r"frmaing\.\* fit no case"):
        chosen(Settings("logger", only=("frmaing.*",)), "2017")


# --- our own pass --------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", EDITIONS)
def test_our_simulator_passes(edition):
    run = asyncio.run(logger_run(edition, control=True))
    assert not names(run, Outcome.FAIL), told(run)
    assert run.count(Outcome.PASS) > 50
    assert run.edition == edition


@pytest.mark.parametrize("edition", EDITIONS)
def test_our_gateway_passes(edition, tmp_path: Path):
    run = asyncio.run(host_run(edition, tmp_path, key=KEY if edition == "2025" else None))
    assert not names(run, Outcome.FAIL), told(run)
    assert run.count(Outcome.PASS) > 30
    assert not names(run, Outcome.NOT_RUN)


def test_encryption_and_a_change_of_key_pass():
    from conformance_peers import outlet

    key = key_for(outlet("2025", "encryption:1").profile).encode()
    run = asyncio.run(logger_run("2025", fault="encryption:1", key=key, control=True, skip=("resend.*",)))
    assert not names(run, Outcome.FAIL), told(run)
    assert {"cipher.data", "cipher.answers_plain", "cipher.key_change"} <= names(run, Outcome.PASS)


@pytest.mark.parametrize("edition", ["2017", "2025"])
def test_interval_data_come_again_after_the_link_broke(edition):
    only = ("link.*", "resend.later", "frames.supplement" if edition == "2025" else "frames.data_time")
    run = asyncio.run(logger_run(edition, slow=True, only=only, spice=owes_minutes))
    assert {"resend.later", only[-1]} <= names(run, Outcome.PASS), told(run)


def test_a_heartbeat_and_a_wish_for_the_time_are_watched():
    def spice(logger) -> None:
        from mingcha.core.clock import now

        for name in ("heartbeat", "ask_time"):
            logger.session.notify(name, {}, now())

    run = asyncio.run(logger_run("2025", spice=spice, skip=("resend.*",)))
    assert {"exchange.heartbeat", "exchange.asks_time"} <= names(run, Outcome.PASS), told(run)


# --- faulty loggers ------------------------------------------------------------------------------------


def is_answer(inner: bytes) -> bool:
    return b";CN=9011;" in inner or b";CN=9012;" in inner or b";CN=9013;" in inner


def wrong_qn(line: Meddler) -> None:
    line.to_host = replaced(
        b"QN=2", b"QN=1", only=lambda inner: is_answer(inner) and b"1301000000000" not in inner
    )


def wrong_st(line: Meddler) -> None:
    line.to_host = replaced(b"ST=91", b"ST=31", only=is_answer)


def wrong_version(line: Meddler) -> None:
    line.to_host = replaced(b"Flag=4", b"Flag=8", only=is_answer)


def asked_by(line: Meddler, cn: bytes) -> set[bytes]:
    """QN of the requests of this CN that pass."""
    qns: set[bytes] = set()

    def look(raw: bytes) -> list[bytes]:
        inner = segment(raw)
        if b";CN=" + cn + b";" in inner:
            qns.add(inner[3:20])
        return [raw]

    line.to_logger = look
    return qns


def no_result(line: Meddler) -> None:
    qns = asked_by(line, b"1063")
    seen: set[bytes] = set()

    def hides(inner: bytes) -> bool:
        """The first of them only: the interval case asks the same later."""
        found = inner[3:20] in qns and b";CN=9012;" in inner and not (seen - {inner[3:20]})
        if found:
            seen.add(inner[3:20])
        return found

    line.to_host = dropped(hides)


def late_answer(line: Meddler) -> None:
    qns = asked_by(line, b"1063")
    line.delay_s = lambda raw: 0.7 if b"CN=9011;" in raw and segment(raw)[3:20] in qns else 0.0


def swallowed_frame(line: Meddler) -> None:
    """A request behind another one in the same segment is lost."""
    line.to_logger = lambda raw: [] if line.place and b";CN=1011;" in raw else [raw]


def never_resends(line: Meddler) -> None:
    known: set[bytes] = set()

    def change(raw: bytes) -> list[bytes]:
        if b";CN=2011;" in raw and raw in known:
            return []
        known.add(raw)
        return [raw]

    line.to_host = change


def takes_bad_crc(line: Meddler) -> None:
    def change(raw: bytes) -> list[bytes]:
        if raw.startswith(b"##") and not segment(raw) and len(raw) > 60:
            return [hj212.wrap(raw[6 : 6 + int(raw[2:6])])]
        return [raw]

    line.to_logger = change


def takes_any_password(line: Meddler) -> None:
    line.to_host = replaced(b"QnRtn=3", b"QnRtn=1", only=lambda inner: b"QnRtn=3" in inner)


def unknown_letter(line: Meddler) -> None:
    line.to_host = replaced(b"-Flag=N", b"-Flag=Q", only=lambda inner: b";CN=2011;" in inner)


def lower_case_crc(line: Meddler) -> None:
    """Of all data: the CRC of one frame in five has no letter."""
    data = tuple(b";CN=%d;" % cn for cn in (2011, 2051, 2061))
    line.to_host = lambda raw: [raw[:-6] + raw[-6:].lower()] if any(cn in raw for cn in data) else [raw]


FAULTY_LOGGERS: dict[Faulty, str] = {
    wrong_qn: "answers.qn",
    wrong_st: "answers.st",
    wrong_version: "answers.flag",
    no_result: "command.get_minute_interval",
    late_answer: "answers.in_time",
    swallowed_frame: "framing.joined",
    never_resends: "resend.same_qn",
    takes_bad_crc: "framing.bad_crc",
    takes_any_password: "errors.password",
    unknown_letter: "frames.data_flags",
    lower_case_crc: "frames.crc",
}


@pytest.mark.parametrize("meddle", FAULTY_LOGGERS, ids=lambda fault: fault.__name__)
def test_a_faulty_logger_is_caught_by_the_case_about_it(meddle):
    skip = ("exchange.stop_*",) if meddle is never_resends else ("resend.*", "exchange.stop_*")
    run = asyncio.run(logger_run("2017", meddle=meddle, skip=skip))
    assert names(run, Outcome.FAIL) == {FAULTY_LOGGERS[meddle]}, told(run)


# --- faulty hosts --------------------------------------------------------------------------------------


def acks_unasked(line: Meddler) -> None:
    """The bit is set on the way, so the host answers what nobody asked."""
    line.to_host = replaced(b"Flag=4", b"Flag=5", only=lambda inner: b";CN=2011;" in inner)


def acks_with_wrong_qn(line: Meddler) -> None:
    line.to_logger = replaced(b"QN=2", b"QN=1", only=lambda inner: b";CN=9014;" in inner)


def acks_in_another_version(line: Meddler) -> None:
    line.to_logger = replaced(b"Flag=4", b"Flag=8", only=lambda inner: b";CN=901" in inner)


def acks_with_parameters(line: Meddler) -> None:
    line.to_logger = replaced(b"&&&&", b"&&QnRtn=1&&", only=lambda inner: b";CN=9014;" in inner)


def acks_once(line: Meddler) -> None:
    known: set[bytes] = set()

    def change(raw: bytes) -> list[bytes]:
        if b";CN=9014;" in raw and raw in known:
            return []
        known.add(raw)
        return [raw]

    line.to_logger = change


def sets_no_time(line: Meddler) -> None:
    line.to_logger = dropped(lambda inner: b";CN=1012;" in inner)


def never_repeats(line: Meddler) -> None:
    known: set[bytes] = set()

    def change(raw: bytes) -> list[bytes]:
        if b";CN=1012;" in raw and raw in known:
            return []
        known.add(raw)
        return [raw]

    line.to_logger = change


FAULTY_HOSTS: dict[Faulty, set[str]] = {
    acks_unasked: {"acks.unasked"},
    acks_with_wrong_qn: {"answers.qn"},
    acks_in_another_version: {"answers.flag"},
    acks_with_parameters: {"answers.form", "frames.form"},  # the codec names it as well
    acks_once: {"acks.duplicate"},
    sets_no_time: {"exchange.asks_time", "exchange.drift"},
    never_repeats: {"resend.request"},
}


@pytest.mark.parametrize("meddle", FAULTY_HOSTS, ids=lambda fault: fault.__name__)
def test_a_faulty_host_is_caught_by_the_case_about_it(meddle, tmp_path: Path):
    run = asyncio.run(host_run("2017", tmp_path, meddle=meddle))
    assert names(run, Outcome.FAIL) == FAULTY_HOSTS[meddle], told(run)


# --- bad peers -----------------------------------------------------------------------------------------


async def against(peer, **changed) -> Run:
    """A peer that connects to us: ``peer(reader, writer)``."""
    settings = Settings("logger", timeout_s=0.2, result_s=0.2, wait_s=0.4, quiet_s=0.1, **changed)
    runner = Runner(settings, host="127.0.0.1", port=0, listen=True)
    async with runner.opened() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        playing = asyncio.create_task(runner.play())
        await peer(reader, writer)
        run = await playing
        writer.close()
        return run


def test_nobody_who_connects_is_an_outcome():
    async def scene() -> Run:
        settings = Settings("logger", wait_s=0.2)
        runner = Runner(settings, host="127.0.0.1", port=0, listen=True)
        async with runner.opened():
            return await runner.play()

    run = asyncio.run(scene())
    assert names(run, Outcome.FAIL) == {"link.first_frame"}
    assert not run.passed
    assert names(run, Outcome.NOT_RUN) >= {"framing.plain", "command.get_time"}


def test_garbage_is_an_outcome():
    async def garbage(reader, writer) -> None:
        writer.write(b"GET / HTTP/1.1\r\n\r\n" * 50)
        await writer.drain()

    run = asyncio.run(against(garbage))
    assert "link.first_frame" in names(run, Outcome.FAIL)
    assert "frames.structure" in names(run, Outcome.FAIL)


def test_a_peer_that_goes_in_the_middle_is_an_outcome():
    raw = hj212.encode(
        edition="2017", qn="20260101000000000", st="31", cn="2011", pw="123456", mn="010000A8900016F000169DC0", flag=5,
        cp="DataTime=20260101000000;a21026-Rtd=1.0,a21026-Flag=N",
    )  # fmt: skip

    async def leaves(reader, writer) -> None:
        writer.write(raw)
        await reader.read(1)
        writer.close()

    run = asyncio.run(against(leaves))
    assert "link.first_frame" in names(run, Outcome.PASS)
    assert names(run, Outcome.FAIL) & {"framing.plain"}
    assert "command.get_time" in names(run, Outcome.NOT_RUN)


def test_what_was_seen_hides_passwords_and_keys(tmp_path: Path):
    run = asyncio.run(host_run("2025", tmp_path, key=KEY))
    text = "\n".join(shown(frame) for result in run.results for frame in result.verdict.frames)
    assert "PW=******" in text
    assert "123456" not in text.replace("20123456", "")
    assert KEY.decode() not in text


def test_a_logger_without_mn_takes_the_one_it_is_given():
    """HJ 212-2025: 1001, 9013, 1002."""
    mn = "010000A8900016F000169DC0"
    only = ("link.*", "framing.plain")
    run = asyncio.run(logger_run("2025", fault="registration", mn=mn, password="123456", st="31", only=only))
    assert names(run, Outcome.PASS) == {"link.first_frame", "link.registers", "framing.plain"}, told(run)
