"""What all answers of a run carry: QN, ST, PW and MN, Flag, form, time, order. Judged last."""

from collections.abc import Callable

from mingcha.core.clock import parse_digits
from mingcha.gateway.conformance.log import Seen
from mingcha.gateway.conformance.outcomes import Verdict, failed, not_applicable, passed
from mingcha.gateway.conformance.stage import Asked, Pair, Stage
from mingcha.gateway.conformance.table import Case
from mingcha.protocol.hj212 import Message, commands
from mingcha.protocol.hj212.editions import ACK_BIT, SPLIT_BIT, VERSION_SHIFT, VERSIONS
from mingcha.protocol.hj212.replies import reply_cn

Wrong = Callable[[Message, Message], str]  # (ours, the answer) → what is wrong, "" where it is right


def _pairs(stage: Stage) -> list[tuple[Seen, Seen]]:
    """Each message of ours with each of its answers: 9012 as well."""
    found = [(pair.sent, pair.answer) for pair in stage.pairs]
    return found + [(one.sent, one.result) for one in stage.asked if one.result is not None]


def _judged(stage: Stage, wrong: Wrong) -> Verdict:
    pairs = _pairs(stage)
    if not pairs:
        return not_applicable("none_seen")
    bad = [
        (sent, answer, text)
        for sent, answer in pairs
        if sent.message and answer.message and (text := wrong(sent.message, answer.message))
    ]
    if bad:
        frames = [one for sent, answer, _ in bad[:3] for one in (sent, answer)]
        return failed("some_bad", *frames, n=len(pairs), bad=len(bad), what=bad[0][2])
    return passed("all_good", *pairs[0], n=len(pairs))


async def answers_qn(stage: Stage, case: Case) -> Verdict:
    def wrong(ours: Message, answer: Message) -> str:
        qn = answer.field("QN") or answer.qn if stage.edition == "2005" else answer.qn
        return "" if qn == ours.qn else f"QN={qn}, {ours.qn}"

    return _judged(stage, wrong)


async def answers_st(stage: Stage, case: Case) -> Verdict:
    return _judged(
        stage, lambda ours, answer: "" if answer.st == commands.INTERACTION_ST else f"ST={answer.st}"
    )


async def answers_station(stage: Stage, case: Case) -> Verdict:
    def wrong(ours: Message, answer: Message) -> str:
        if answer.mn != ours.mn:
            return f"MN={answer.mn}"
        return "" if answer.pw == ours.pw else "PW"

    return _judged(stage, wrong)


async def answers_flag(stage: Stage, case: Case) -> Verdict:
    """2005 has no Flag in answers; a 0 there is as good."""

    def wrong(ours: Message, answer: Message) -> str:
        flag = answer.flag
        if flag is None:
            return "" if stage.edition == "2005" and "Flag" not in answer.header else "Flag=?"
        good = VERSIONS.get(flag >> VERSION_SHIFT) == stage.edition and not flag & (ACK_BIT | SPLIT_BIT)
        return "" if good else f"Flag={flag}"

    return _judged(stage, wrong)


async def answers_form(stage: Stage, case: Case) -> Verdict:
    def wrong(ours: Message, answer: Message) -> str:
        names = {name for name, _ in answer.fields}
        allowed = {"QN", "CN"} if stage.edition == "2005" else set()
        return ", ".join(sorted(names - allowed))

    return _judged(stage, wrong)


async def answers_kind(stage: Stage, case: Case) -> Verdict:
    def wrong(ours: Message, answer: Message) -> str:
        expected = reply_cn(ours)
        return "" if answer.cn == expected else f"{ours.cn} → {answer.cn}, {expected}"

    return _judged(stage, wrong)


async def answers_in_time(stage: Stage, case: Case) -> Verdict:
    """The first answer to each message of ours; 9012 may take as long as the work does."""
    if not stage.pairs:
        return not_applicable("none_seen")
    late = [pair for pair in stage.pairs if _took(pair) > stage.settings.timeout_s]
    worst = max(stage.pairs, key=_took)
    if late:
        frames = [one for pair in late[:3] for one in (pair.sent, pair.answer)]
        what = f"{_took(worst):.2f} s > {stage.settings.timeout_s:g} s"
        return failed("some_bad", *frames, n=len(stage.pairs), bad=len(late), what=what)
    return passed("all_good", worst.sent, worst.answer, n=len(stage.pairs))


def _took(pair: Pair) -> float:
    return pair.answer.at - pair.sent.at


async def answers_order(stage: Stage, case: Case) -> Verdict:
    done = [one for one in stage.asked if one.reply is not None or one.result is not None]
    if not done:
        return not_applicable("none_seen")
    bad = [(one, text) for one in done if (text := _disorder(stage, one))]
    if bad:
        return failed("some_bad", *bad[0][0].frames, n=len(done), bad=len(bad), what=bad[0][1])
    return passed("all_good", n=len(done))


def _disorder(stage: Stage, one: Asked) -> str:
    """What is out of order; "" where nothing is. Answers that never came are another case."""
    if one.result is not None and (one.reply is None or one.reply.at > one.result.at):
        return "9012 < 9011" if one.reply is not None else "9012, no 9011"
    if one.reply is not None and any(d.at < one.reply.at and d.qn == one.exchange.qn for d in one.data):
        return f"{one.exchange.cn} < 9011"
    for cn in (commands.REQUEST_REPLY, commands.RESULT):
        count = sum(seen.cn == cn and seen.qn == one.exchange.qn for seen in stage.log.received(one.mark))
        if count > 1:
            return f"{count} × {cn}"
    return ""


async def requests_form(stage: Stage, case: Case) -> Verdict:
    """What the host asks of us by itself."""
    mine = [one for one in stage.log.received() if one.message and one.cn not in commands.REPLIES]
    if not mine:
        return not_applicable("none_seen")
    bad = [(one, text) for one in mine if one.message and (text := _request_fault(stage, one.message))]
    if bad:
        return failed("some_bad", *(one for one, _ in bad), n=len(mine), bad=len(bad), what=bad[0][1])
    return passed("all_good", *mine[:2], n=len(mine))


def _request_fault(stage: Stage, message: Message) -> str:
    if parse_digits(message.qn) is None or len(message.qn) != 17:
        return f"QN={message.qn}"
    if message.mn != stage.mn and message.cn != "1002":
        return f"MN={message.mn}"
    if message.pw != stage.pw:
        return "PW"
    if message.flag is None:
        return "" if stage.edition == "2005" else "Flag=?"
    version = VERSIONS.get(message.flag >> VERSION_SHIFT)
    return (
        ""
        if version == stage.edition and (message.wants_ack or stage.edition == "2005")
        else f"Flag={message.flag}"
    )


JUDGES = {
    "answers_qn": answers_qn, "answers_st": answers_st, "answers_station": answers_station, "answers_flag": answers_flag,
    "answers_form": answers_form, "answers_kind": answers_kind, "answers_in_time": answers_in_time,
    "answers_order": answers_order, "requests_form": requests_form,
}  # fmt: skip
