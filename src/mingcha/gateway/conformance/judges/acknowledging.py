"""A host under test: which uploads it acknowledges, and what it does when a logger asks."""

from datetime import datetime, timedelta

from mingcha.core.clock import format_digits, hour_start, now, parse_digits
from mingcha.gateway.conformance import forms
from mingcha.gateway.conformance.judges.framing import TRIES, another_mn
from mingcha.gateway.conformance.log import Seen
from mingcha.gateway.conformance.outcomes import Verdict, failed, not_run, passed
from mingcha.gateway.conformance.stage import DEFAULT_ST, FACTORS, Stage, nothing
from mingcha.gateway.conformance.table import Case
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.editions import ACK_BIT, SPLIT_BIT, version_bits
from mingcha.protocol.hj212.exchanges import COMMANDS, written
from mingcha.protocol.hj212.exchanges.cipher import encrypted

SET_TIME = "1012"
RESERVED_CN = "2999"  # HJ 212-2017 table 9 keeps 2082 to 2999 for later
STRANGE_FACTOR = "zz9999"
HARDWARE = {"hardware_id": "C0F2120000000000000000AA"}


async def connected(stage: Stage, case: Case) -> Verdict:
    wait = stage.settings.wait_s
    if not await stage.log.until(lambda: stage.log.lines > 0, wait):
        return failed("no_connection", s=wait)
    return passed("connected")


async def acked(stage: Stage, case: Case) -> Verdict:
    """One upload in some form, of good content; its 9014 counts."""
    form = case.args["form"]
    raw = _upload(stage, form)
    writes = forms.FORMS[form](raw) if form in forms.FORMS else (raw,)
    if form == "encrypted":
        sent, answer = await stage.say(encrypted(raw, stage.keys[0]), plain=raw)
    else:
        sent, answer = await stage.say(raw, writes=writes)
    return _answered(stage, sent, answer)


async def upload(stage: Stage, case: Case) -> Verdict:
    """Each upload of the edition."""
    command = COMMANDS[case.args["command"]]
    raw = frame(stage, command.cn, _content(stage, command.name, command.results), st=command.st)
    return _answered(stage, *await stage.say(raw))


async def notify(stage: Stage, case: Case) -> Verdict:
    """Each notify; before it has an MN a logger of 2025 registers with an empty one."""
    command = COMMANDS[case.args["command"]]
    own: dict[str, dict[str, object]] = {"ask_key": {"key_created": now()}, "register": {**HARDWARE}}
    cp = written(command, stage.edition, own.get(command.name, {}))
    if command.cn == "2072":
        cp = _content(stage, command.name, "records")
    raw = frame(stage, command.cn, cp, mn="" if command.name == "register" else None)
    return _answered(stage, *await stage.say(raw))


async def unasked(stage: Stage, case: Case) -> Verdict:
    raw = realtime(stage, ack=False)
    sent, answer = await stage.say(raw, within=stage.settings.quiet_s, note=False, strict=True)
    return _silent(stage, sent, answer)


async def duplicate(stage: Stage, case: Case) -> Verdict:
    raw = realtime(stage)
    first, one = await stage.say(raw)
    again, two = await stage.say(raw)
    if one is None or two is None:
        return failed(
            "answered_some", first, one, again, two, n=2, got=int(one is not None) + int(two is not None)
        )
    return passed("answered_all", first, one, again, two, n=2)


async def burst(stage: Stage, case: Case) -> Verdict:
    """Several frames in one write; each must be answered by its own QN."""
    count = case.args["count"]
    start = now() - timedelta(seconds=count)
    raws = [realtime(stage, at=start + timedelta(seconds=n)) for n in range(count)]
    mark = stage.log.mark()
    sent = [stage.sent(raw) for raw in raws]
    await stage.put((b"".join(raws),))
    wanted = {one.qn for one in sent}

    def answered() -> set[str]:
        """Each QN of ours; one that we never gave counts too, as under which QN is another case."""
        found = {one.qn for one in stage.log.received(mark) if one.cn == commands.DATA_REPLY}
        return {qn for qn in found if qn in wanted or not stage.knows(qn)}

    await stage.log.until(lambda: len(answered()) == count, 2 * stage.settings.timeout_s)
    got = answered()
    if len(got) < count:
        missing = [one for one in sent if one.qn not in got]
        return failed("answered_some", *missing, n=count, got=len(got))
    return passed("answered_all", *sent[:2], n=count)


async def packs_acked(stage: Stage, case: Case) -> Verdict:
    time = format_digits(hour_start(now()) - timedelta(hours=1))
    one, two = ("011", "060") if stage.edition == "2005" else ("w01018", "w21003")
    flag = version_bits(stage.edition) | ACK_BIT | SPLIT_BIT
    contents = {
        1: f"DataTime={time};{one}-Avg=21.3,{one}-Flag=N",
        2: f"DataTime={time};{two}-Avg=0.42,{two}-Flag=N",
    }
    said = [
        await stage.say(frame(stage, "2061", contents[number], flag=flag, pack=(2, number)))
        for number in (2, 1)
    ]
    frames = [one for pair in said for one in pair]
    got = sum(answer is not None for _, answer in said)
    return (
        passed("answered_all", *frames, n=2) if got == 2 else failed("answered_some", *frames, n=2, got=got)
    )


async def stranger(stage: Stage, case: Case) -> Verdict:
    raw = frame(stage, "2011", _content(stage, "send_realtime", "records"), mn=another_mn(stage.mn))
    sent, answer = await stage.say(raw, within=stage.settings.quiet_s, note=False, strict=True)
    if answer is not None:
        return failed("should_be_silent", sent, answer, cn=answer.cn)
    good, ours = await stage.say(realtime(stage))
    if ours is None:
        return failed("deaf_after", sent, good)
    return passed("still_answers", sent, good, ours)


async def replies_unanswered(stage: Stage, case: Case) -> Verdict:
    """A 9013 that nobody waits for, once with and once without the answer bit."""
    raw = frame(stage, commands.NOTIFY_REPLY, "", st=commands.INTERACTION_ST)
    sent, answer = await stage.say(raw, within=stage.settings.quiet_s, note=False, strict=True)
    return _silent(stage, sent, answer)


async def bad_crc_upload(stage: Stage, case: Case) -> Verdict:
    raw = realtime(stage)
    bad = forms.bad_crc(raw)
    mark = stage.log.mark()
    sent = stage.sent(bad)
    await stage.put((bad,))
    qn = _qn(raw)
    came = await stage.log.find(
        lambda one: one.cn in commands.REPLIES and one.qn == qn, since=mark, within=stage.settings.quiet_s
    )
    if came is not None:
        return failed("should_be_silent", sent, came, cn=came.cn)
    good, ours = await stage.say(realtime(stage))
    return failed("deaf_after", sent, good) if ours is None else passed("still_answers", sent, good, ours)


async def time_asked(stage: Stage, case: Case) -> Verdict:
    """1013 → 9013, then 1012. That request stays unanswered until it is repeated: the case behind this one looks."""
    stage.withhold = lambda message: message.cn == SET_TIME
    mark = stage.log.mark()
    sent, answer = await stage.say(frame(stage, "1013", ""))
    if answer is None:
        return failed("no_answer", sent, s=2 * stage.settings.timeout_s)
    wait = 2 * stage.settings.timeout_s
    asked = await stage.log.find(lambda one: one.cn == SET_TIME, since=mark, within=wait)
    if asked is None:
        stage.withhold = nothing
        return failed("time_does_not_follow", sent, answer, s=wait)
    return passed("time_follows", sent, answer, asked, s=asked.at - answer.at)


async def clock_corrected(stage: Stage, case: Case) -> Verdict:
    """A live upload with a clock that is off → 9014, then 1012 that tells the right time; we obey it."""
    mark = stage.log.mark()
    stamp = format_digits(now() - timedelta(seconds=case.args["off_s"]), milliseconds=True)
    sent, answer = await stage.say(
        frame(stage, "2011", _content(stage, "send_realtime", "records", None), qn=stamp)
    )
    if answer is None:
        return failed("no_answer", sent, s=2 * stage.settings.timeout_s)
    wait = 2 * stage.settings.timeout_s
    asked = await stage.log.find(lambda one: one.cn == SET_TIME, since=mark, within=wait)
    if asked is None or asked.message is None:
        return failed("clock_not_set", sent, answer, s=wait, off=case.args["off_s"])
    told = parse_digits(asked.message.field("SystemTime") or "")
    if told is None or abs((told - now()).total_seconds()) > case.args["within_s"]:
        return failed("time_is_wrong", sent, asked, told=asked.message.field("SystemTime") or "-")
    return passed("clock_set", sent, answer, asked, off=case.args["off_s"], s=asked.at - answer.at)


async def request_repeated(stage: Stage, case: Case) -> Verdict:
    try:
        first = next((one for one in stage.log.received() if one.cn == SET_TIME), None)
        if first is None:
            return not_run("no_request")
        wait = 2 * stage.settings.timeout_s
        place = stage.log.seen.index(first) + 1
        again = await stage.log.find(
            lambda one: one.cn == SET_TIME and one.qn == first.qn, since=place, within=wait
        )
        if again is None:
            return failed("not_repeated", first, s=wait)
        stage.withhold = nothing
        if again.message is not None:
            await stage.put((stage.respond(again.message),))
        return passed("repeated", first, again, s=again.at - first.at)
    finally:
        stage.withhold = nothing


async def reconnected(stage: Stage, case: Case) -> Verdict:
    lines = stage.log.lines
    stage.cut()
    if not await stage.log.until(lambda: stage.log.lines > lines and stage.log.open, stage.settings.wait_s):
        return failed("not_back", s=stage.settings.wait_s)
    return _answered(stage, *await stage.say(realtime(stage)))


# --- frames of ours ------------------------------------------------------------------------------------


def frame(
    stage: Stage, cn: str, cp: str, *, st: str = "", mn: str | None = None, flag: int | None = None, ack: bool = True,
    pack: tuple[int, int] | None = None, rf: bool = False, qn: str = "",
) -> bytes:  # fmt: skip
    bits = version_bits(stage.edition) | ACK_BIT * ack if flag is None else flag
    return hj212.encode(
        edition=stage.edition, qn=qn or stage.qn(), st=st or stage.st or DEFAULT_ST, cn=cn, pw=stage.pw,
        mn=stage.mn if mn is None else mn, flag=bits, cp=cp, pack=pack, rf=rf,
    )  # fmt: skip


def realtime(stage: Stage, *, ack: bool = True, at: datetime | None = None) -> bytes:
    cp = _content(stage, "send_realtime", "records", at)
    return frame(stage, "2011", cp, ack=ack)


def _upload(stage: Stage, form: str) -> bytes:
    if form == "crc_lower":
        return _with_letter(stage)
    hours = {"late": 49, "supplement": 3}.get(form)
    if hours is not None:
        time = hour_start(now()) - timedelta(hours=hours)
        code = _code(stage)
        cp = f"DataTime={format_digits(time)};{code}-Avg=21.3,{code}-Flag=N"
        return frame(
            stage, "2061", cp, rf=form == "supplement" or (form == "late" and stage.edition == "2025")
        )
    if form == "unknown_cn":
        return frame(stage, RESERVED_CN, f"DataTime={format_digits(now())}")
    if form == "unknown_factor":
        return frame(
            stage, "2011", f"DataTime={format_digits(now())};{STRANGE_FACTOR}-Rtd=1.0,{STRANGE_FACTOR}-Flag=N"
        )
    return realtime(stage)


def _with_letter(stage: Stage) -> bytes:
    found = (realtime(stage) for _ in range(TRIES))
    return next((raw for raw in found if forms.has_letter(raw)), realtime(stage))


def _code(stage: Stage) -> str:
    usual = FACTORS.get(stage.st, FACTORS[DEFAULT_ST])
    return usual.get(stage.edition, usual[""])


def _content(stage: Stage, name: str, results: str, at: datetime | None = None) -> str:
    """What stands in CP of an upload: one factor of the station and its time."""
    cn, moment, code = COMMANDS[name].cn, at or now(), _code(stage)
    if cn in ("2031", "2041"):
        moment = hour_start(moment).replace(hour=16) - timedelta(days=2)  # 00:00 Beijing
    elif cn in ("2051", "2061", "2111"):
        moment = hour_start(moment) - timedelta(hours=1)
    return f"DataTime={format_digits(moment)};{_items(name, results, code, moment)}"


def _items(name: str, results: str, code: str, moment: datetime) -> str:
    if name in _ITEMS:
        return _ITEMS[name]
    if results == "checks":
        return f"{code}-SampleRd=49.6,{code}-StandardValue=50.0,{code}-ResultType=1"
    if name == "send_start":
        return f"RestartTime={format_digits(moment - timedelta(minutes=5))}"
    sub = "Rtd" if COMMANDS[name].cn == "2011" else "Avg"
    return f"{code}-{sub}=21.3,{code}-Flag=N"


_ITEMS = {
    "send_states": "SB1-RS=1", "send_run_times": "SB1-RT=23.5", "send_bottle": "VaseNo=1",
    "send_information": "i22001-Info=0", "send_noise": "LA-Rtd=52.1,LA-Flag=N",
    "send_conditions": "p99101-Rtd=N", "send_furnace": "i33311-Info=1050",
}  # fmt: skip


def _answered(stage: Stage, sent: Seen, answer: Seen | None) -> Verdict:
    if answer is None:
        return failed("no_answer", sent, s=2 * stage.settings.timeout_s)
    return passed("answered", sent, answer, s=answer.at - sent.at, cn=answer.cn)


def _silent(stage: Stage, sent: Seen, answer: Seen | None) -> Verdict:
    if answer is not None:
        return failed("should_be_silent", sent, answer, cn=answer.cn)
    return passed("silent", sent, s=stage.settings.quiet_s)


def _qn(raw: bytes) -> str:
    found = hj212.frame_of(raw)
    return hj212.decode(found).qn if found is not None else ""


JUDGES = {
    "connected": connected, "acked": acked, "upload": upload, "notify": notify, "unasked": unasked,
    "duplicate": duplicate, "clock_corrected": clock_corrected, "burst": burst, "packs_acked": packs_acked, "stranger": stranger,
    "replies_unanswered": replies_unanswered, "bad_crc_upload": bad_crc_upload, "time_asked": time_asked,
    "request_repeated": request_repeated, "reconnected": reconnected,
}  # fmt: skip
