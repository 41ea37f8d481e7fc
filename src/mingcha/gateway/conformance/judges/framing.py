"""A logger under test: whether it speaks, and what it makes of requests in good, odd and wrong form."""

from typing import Any

from mingcha.gateway.conformance import forms
from mingcha.gateway.conformance.log import Seen
from mingcha.gateway.conformance.outcomes import Verdict, failed, not_applicable, not_run, passed
from mingcha.gateway.conformance.stage import DEFAULT_ST, Asked, Stage
from mingcha.gateway.conformance.table import Case
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.editions import ACK_BIT, SPLIT_BIT, version_bits
from mingcha.protocol.hj212.exchanges import Exchange, ask

READ_CLOCK = "get_time"
RESERVED_CN = "1009"  # HJ 212-2017 table 9 keeps 1003 to 1010 for later
NO_TIME = "20261301000000000"  # month 13
TRIES = 64  # to find a QN whose CRC has a letter; one in some five has none


async def first_frame(stage: Stage, case: Case) -> Verdict:
    wait = stage.settings.wait_s
    if not await stage.log.until(lambda: stage.log.lines > 0, wait):
        return failed("no_connection", s=wait)
    found = await stage.log.find(lambda one: bool(one.cn), since=0, within=wait, through=True)
    if found is None or found.message is None:
        known = bool(stage.mn and stage.pw)
        return passed("silent_but_known") if known else failed("nothing_came", s=wait)
    stage.learn(found.message)
    return passed("first_frame", found, cn=found.cn, mn=stage.mn or "-", edition=found.message.edition or "?")


async def registers(stage: Stage, case: Case) -> Verdict:
    found = next((one for one in stage.log.received() if one.cn == "1001"), None)
    if found is None or found.message is None:
        return not_applicable("has_mn")
    if not stage.settings.mn:
        return not_run("needs_mn")
    hardware = found.message.field("i23005-Info") or ""
    asked = await stage.do("set_mn", {"hardware_id": hardware})
    if asked.result_code != "1":
        return failed(
            "bad_result" if asked.result else "no_answer",
            found,
            *asked.frames,
            code=asked.result_code,
            s=_wait(stage),
        )
    return passed("named", found, *asked.frames, mn=stage.mn)


async def framed_request(stage: Stage, case: Case) -> Verdict:
    """1011 in some form of writing; its 9011 counts, what follows is another case."""
    exchange = clock_request(stage, letter=case.args["form"] == "crc_lower")
    asked = await stage.ask(exchange, writes=forms.FORMS[case.args["form"]](exchange.raw))
    return answered(stage, asked)


async def joined_requests(stage: Stage, case: Case) -> Verdict:
    one, two = clock_request(stage), clock_request(stage)
    first, mark = stage.sent(one.raw), stage.log.mark()
    asked = await stage.ask(two, writes=(one.raw + two.raw,), note=False)

    def replies() -> list[Seen]:
        """Two 9011; under which QN is another case."""
        return [
            seen
            for seen in stage.log.received(mark)
            if seen.cn == commands.REQUEST_REPLY and (seen.qn in (one.qn, two.qn) or not stage.knows(seen.qn))
        ]

    await stage.log.until(lambda: len(replies()) > 1, _wait(stage))
    got = len(replies())
    if got > 1:  # both are carried out before the next case asks
        await stage.log.until(lambda: _count(stage, mark, commands.RESULT) > 1, stage.settings.result_s)
    if got < 2:
        return failed("answered_some", first, asked.sent, *replies(), n=2, got=got)
    return passed("answered_all", first, asked.sent, *replies(), n=2)


async def bad_crc_request(stage: Stage, case: Case) -> Verdict:
    exchange = clock_request(stage)
    raw = forms.bad_crc(exchange.raw)
    mark = stage.log.mark()
    sent = stage.sent(raw)
    await stage.put((raw,))
    came = await stage.log.find(
        lambda one: one.cn in commands.REPLIES and (one.qn == exchange.qn or not stage.knows(one.qn)),
        since=mark, within=stage.settings.quiet_s,
    )  # fmt: skip
    if came is not None:
        return failed("should_be_silent", sent, came, cn=came.cn)
    after = await stage.ask(clock_request(stage))
    if after.reply is None:
        return failed("deaf_after", sent, after.sent)
    return passed("still_answers", sent, after.sent, after.reply)


async def refused_request(stage: Stage, case: Case) -> Verdict:
    """2005 knows only the codes 1, 2 and 3: there any refusal will do."""
    expected = str(case.args["code"])
    exchange = _wrong(stage, case.args["wrong"])
    stage.wrong.add(exchange.qn)
    asked = await stage.ask(exchange, note=False)
    if asked.reply is None:
        return failed("no_answer", asked.sent, s=_wait(stage))
    if asked.code == "1":
        return failed("not_refused", *asked.frames, expected=expected)
    if asked.code != expected and stage.edition != "2005":
        return failed("refused_other", *asked.frames, expected=expected, code=asked.code)
    return passed("refused_as", *asked.frames, code=asked.code)


def _count(stage: Stage, mark: int, cn: str) -> int:
    return sum(seen.cn == cn for seen in stage.log.received(mark))


def answered(stage: Stage, asked: Asked) -> Verdict:
    """Whether 9011 with QnRtn=1 came."""
    if asked.reply is None:
        return failed("no_answer", asked.sent, s=_wait(stage))
    if asked.code != "1":
        return failed("refused_other", *asked.frames, expected="1", code=asked.code)
    return passed("answered", *asked.frames, s=asked.reply.at - asked.sent.at, cn=asked.reply.cn)


def clock_request(stage: Stage, *, letter: bool = False) -> Exchange:
    exchange = stage.request(READ_CLOCK)
    for _ in range(TRIES):
        if not letter or forms.has_letter(exchange.raw):
            break
        exchange = stage.request(READ_CLOCK)
    return exchange


def _wait(stage: Stage) -> float:
    return 2 * stage.settings.timeout_s


def _wrong(stage: Stage, what: str) -> Exchange:
    """1011 with one thing wrong."""
    if what == "pw":
        return stage.request(
            READ_CLOCK, pw="".join(reversed(stage.pw)) if stage.pw != stage.pw[::-1] else "wrong9"
        )
    if what == "mn":
        return stage.request(READ_CLOCK, mn=another_mn(stage.mn))
    if what == "st":
        return stage.request(READ_CLOCK, st="23" if stage.st != "23" else DEFAULT_ST)
    plain = stage.request(READ_CLOCK)
    given: dict[str, Any] = {
        "edition": stage.edition,
        "qn": plain.qn,
        "st": stage.st or DEFAULT_ST,
        "pw": stage.pw,
        "mn": stage.mn,
    }
    if what == "cn":
        return ask(**given, cn=RESERVED_CN)
    if what == "qn":
        return ask(**given | {"qn": NO_TIME}, cn=plain.cn)
    flag = version_bits(stage.edition) | ACK_BIT | SPLIT_BIT
    raw = hj212.encode(**given, cn=plain.cn, flag=flag, cp="")
    return Exchange(raw, plain.qn, stage.mn, plain.cn, edition=stage.edition, pw=stage.pw)


def another_mn(mn: str) -> str:
    """An MN of the same form that is not this one: its last digit counted on."""
    return f"{mn[:-1]}{(int(mn[-1:] or '0', 16) + 1) % 10}" if mn else "0" * 24


JUDGES = {
    "first_frame": first_frame, "registers": registers, "framed_request": framed_request,
    "joined_requests": joined_requests, "bad_crc_request": bad_crc_request, "refused_request": refused_request,
}  # fmt: skip
