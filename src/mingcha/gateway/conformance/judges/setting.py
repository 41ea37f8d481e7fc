"""A logger under test: what the host sets counts, can be read back, and is restored."""

from dataclasses import replace
from itertools import pairwise

from mingcha.core.clock import now, parse_digits
from mingcha.gateway.conformance.log import Gone, Seen
from mingcha.gateway.conformance.outcomes import Verdict, failed, not_applicable, passed
from mingcha.gateway.conformance.stage import DEFAULT_ST, Asked, Stage
from mingcha.gateway.conformance.table import Case
from mingcha.protocol.hj212.exchanges import COMMANDS, Exchange, ask

SLOW_S = 5.0  # default: a clock that was just set is no more than this off
TRIAL_PASSWORD = "Cf2120"  # noqa: S105 - set for a moment by --allow-control and changed back
SHORTEST_S = 30  # RtdInterval, HJ 212-2017
CONDITION = "3"  # ExeRtn: what it has now cannot be said in the form of the standard
SPACING = 0.2  # part of the interval by which uploads may come early or late


async def time_set(stage: Stage, case: Case) -> Verdict:
    done = await stage.do("set_time", {"time": now()})
    if done.result_code != "1":
        return failed("not_set", *done.frames)
    read = await stage.do("get_time")
    moment = parse_digits(_value(read, "SystemTime"))
    if moment is None or not read.data:
        return failed("not_read", *done.frames, *read.frames)
    off = (moment - read.data[0].moment).total_seconds()
    if abs(off) > SLOW_S:
        return failed("time_off", *done.frames, *read.frames, s=off)
    return passed("time_good", *done.frames, *read.frames, s=off)


async def interval_set(stage: Stage, case: Case) -> Verdict:
    args = case.args
    before = await stage.do(args["get"])
    old = _number(before, args["value"])
    if old is None and before.result_code != CONDITION:
        return failed("not_read", *before.frames)
    value = args["other"] if old == args["one"] else args["one"]
    done = await stage.do(args["set"], {args["value"]: value})
    after = await stage.do(args["get"])
    found = _number(after, args["value"])
    legal = old is not None and _is_legal(args["set"], args["value"], old)
    if legal:
        await stage.do(args["set"], {args["value"]: old})
    frames = (*done.frames, *after.frames)
    if done.result_code != "1":
        return failed("not_set", *frames)
    if found != value:
        return failed("read_back", *frames, set=value, found=found)
    return passed(
        "restored" if legal else "not_restored",
        *frames,
        set=value,
        found=found,
        old="?" if old is None else old,
    )


async def out_of_range(stage: Stage, case: Case) -> Verdict:
    asked = await stage.ask(_raw(stage, "1062", f"RtdInterval={SHORTEST_S - 1}", "set_realtime_interval"))
    if asked.reply is None and asked.result is None:
        return failed("no_answer", asked.sent, s=2 * stage.settings.timeout_s)
    if asked.result_code == "1":
        return failed("confirmed_illegal", *asked.frames)
    return passed("not_confirmed", *asked.frames)


async def spacing(stage: Stage, case: Case) -> Verdict:
    before = await stage.do("get_realtime_interval")
    old = _number(before, "realtime_interval_s")
    done = await stage.do("set_realtime_interval", {"realtime_interval_s": SHORTEST_S})
    if done.result_code != "1":
        return failed("not_set", *done.frames)
    place = stage.log.mark()
    seen: list[Seen] = []

    def enough() -> bool:
        seen[:] = [
            one
            for one in stage.log.received(place)
            if one.cn == "2011"
            and one.message
            and one.message.wants_ack
            and (one.message.pack or (1, 1))[1] == 1
        ]
        return len(seen) >= 4  # the first may still have the old rhythm

    await stage.log.until(enough, 5 * SHORTEST_S)
    if old is not None and _is_legal("set_realtime_interval", "realtime_interval_s", old):
        await stage.do("set_realtime_interval", {"realtime_interval_s": old})
    gaps = [two.at - one.at for one, two in pairwise(seen[1:])]
    text = ", ".join(f"{gap:.1f}" for gap in gaps) or "-"
    good = bool(gaps) and all(abs(gap - SHORTEST_S) <= SPACING * SHORTEST_S for gap in gaps)
    return passed("spaced", *seen, gaps=text) if good else failed("spaced", *seen, gaps=text)


async def password_changed(stage: Stage, case: Case) -> Verdict:
    """Whatever happens, the old password is put back as far as the logger lets us."""
    old = stage.pw
    done = await stage.do("set_password", {"new_password": TRIAL_PASSWORD})
    if done.code == "2":
        return not_applicable("refuses", *done.frames, code=done.code)
    if done.result_code != "1":
        return failed("not_set", *done.frames)
    try:
        with_new = await stage.ask(stage.request("get_time", pw=TRIAL_PASSWORD), note=False)
        with_old = await stage.ask(stage.request("get_time", pw=old), note=False)
        back = await stage.ask(
            stage.request("set_password", {"new_password": old}, pw=TRIAL_PASSWORD), note=False
        )
    except Gone:
        stage.pw = TRIAL_PASSWORD
        return failed("password_stays", *done.frames, now=TRIAL_PASSWORD)
    frames = (*done.frames, with_new.sent, with_new.reply, with_old.sent, with_old.reply)
    if with_new.code != "1":
        return failed("password_new", *frames)
    if back.result_code != "1":
        stage.pw = TRIAL_PASSWORD
        return failed("password_stays", *frames, now=TRIAL_PASSWORD)
    return failed("password_old", *frames) if with_old.code == "1" else passed("password_good", *frames)


def _raw(stage: Stage, cn: str, cp: str, name: str) -> Exchange:
    """A request whose values our own forms would refuse."""
    made = ask(
        edition=stage.edition,
        qn=stage.qn(),
        st=stage.st or DEFAULT_ST,
        cn=cn,
        pw=stage.pw,
        mn=stage.mn,
        cp=cp,
    )
    return replace(made, command=name)


def _value(asked: Asked, field: str) -> str:
    return next((one.message.field(field) or "" for one in asked.data if one.message is not None), "")


def _number(asked: Asked, name: str) -> int | None:
    found = next((r[name] for r in asked.results if name in r), None)
    text = str(found) if found is not None else ""
    return int(text) if text.isdigit() else None


def _is_legal(command: str, name: str, value: int) -> bool:
    parameter = next(p for p in COMMANDS[command].parameters if p.name == name)
    if parameter.choices:
        return str(value) in parameter.choices
    return (parameter.least or 0) <= value <= (parameter.most or 0)


JUDGES = {
    "time_set": time_set, "interval_set": interval_set, "out_of_range": out_of_range, "spacing": spacing,
    "password_changed": password_changed,
}  # fmt: skip
