"""A logger under test carries out commands: the plain exchange of each, start and stop, history."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from mingcha.core.clock import DAY_S, beijing_day, day_start, format_digits, hour_start, now
from mingcha.gateway.conformance.log import Seen
from mingcha.gateway.conformance.outcomes import Verdict, failed, not_applicable, passed
from mingcha.gateway.conformance.settings import LINK
from mingcha.gateway.conformance.stage import Asked, Stage
from mingcha.gateway.conformance.table import Case
from mingcha.protocol.hj212.exchanges import COMMANDS, Parameter

NO_DATA, CONDITION, REFUSED, UNKNOWN = "100", "3", "2", "8"
HISTORY, CN_HOURS = "get_hours", "2061"
SOME: Mapping[str, Any] = {  # what is asked or set where nothing better is known; only with leave where it changes something
    "hms": "080000", "hm": "0805", "hours": "4,10,16", "text": "X1", "info": "i13004",
    "limits": [{"factor": "011", "low": "1.0", "high": "99.0"}],
}  # fmt: skip
LAST = {
    "get_minutes": timedelta(minutes=10),
    "get_days": timedelta(days=1),
    "get_run_times": timedelta(days=1),
}


async def command(stage: Stage, case: Case) -> Verdict:
    name = case.args["command"]
    return carried_out(stage, await stage.do(name, values_for(stage, name)))


def carried_out(stage: Stage, asked: Asked) -> Verdict:
    """9011, data where they were asked for, 9012; or 9013. A refusal or an unmet condition is the logger's right."""
    answers = COMMANDS[asked.exchange.command].answers
    if asked.reply is None and asked.result is None:
        return failed("no_answer", asked.sent, s=2 * stage.settings.timeout_s)
    if answers == "notify":
        return passed("noticed", *asked.frames)
    if asked.code == UNKNOWN:
        return failed("unsupported", *asked.frames, code=asked.code)
    if asked.code == REFUSED:
        return not_applicable("refuses", *asked.frames, code=asked.code)
    if asked.code not in ("1", ""):
        return failed("refused_other", *asked.frames, expected="1", code=asked.code)
    return _result(stage, asked, wants_data="data" in answers)


def _result(stage: Stage, asked: Asked, *, wants_data: bool) -> Verdict:
    code = asked.result_code
    if asked.result is None:
        return failed("no_result", *asked.frames, s=stage.settings.result_s)
    if code == CONDITION:
        return not_applicable("condition", *asked.frames)
    if code == NO_DATA and wants_data and not asked.data:
        return passed("no_data_said", *asked.frames)
    if code != "1":
        return failed("bad_result", *asked.frames, code=code or "?")
    if wants_data and not asked.data:
        return failed("no_data_frames", *asked.frames)
    return passed("done", *asked.frames, code=code, n=len(asked.data))


def values_for(stage: Stage, name: str) -> dict[str, object]:
    """Harmless values: what is there already, the last whole interval, or an example."""
    known = COMMANDS[name].parameters_in(stage.edition)
    begin, end = last_interval(name, now())
    given: dict[str, object] = {
        "begin": begin,
        "end": end,
        "time": now(),
        "overtime_s": int(LINK.timeout_s),
        "recount": LINK.resends,
    }
    return {p.name: given[p.name] if p.name in given else _some(stage, p) for p in known if p.required}


def _some(stage: Stage, parameter: Parameter) -> object:
    if parameter.kind in ("factor", "factors"):
        return stage.factor
    if parameter.choices:
        return parameter.choices[0]
    return parameter.least if parameter.kind == "int" else SOME[parameter.kind]


def last_interval(name: str, at: datetime) -> tuple[datetime, datetime]:
    """Begin and end of a request for the last interval that is over: equal, so one record."""
    step = LAST.get(name, timedelta(hours=1))
    if step.total_seconds() >= DAY_S:
        start = day_start(beijing_day(at)) - step
    else:
        start = hour_start(at) - timedelta(hours=1)
    return start, start


async def stopped(stage: Stage, case: Case) -> Verdict:
    """Start, stop, watch, start again; equipment states are stopped at the end, as most loggers have them off."""
    cn = case.args["cn"]
    began = await stage.do(case.args["start"])
    verdict = carried_out(stage, began)
    if verdict.outcome != "pass" or not began.data:
        return verdict
    stop = await stage.do(case.args["stop"])
    if stop.reply is None:
        return failed("no_answer", stop.sent, s=2 * stage.settings.timeout_s)
    watched = _watch_s(stage, cn)
    place = stage.log.mark()
    more = await stage.log.find(lambda one: one.cn == cn, since=place, within=watched)
    if more is not None:
        return failed("not_stopped", *stop.frames, more, cn=cn)
    again = await stage.do(case.args["start"])
    if cn == "2021":
        await stage.do(case.args["stop"])
    if not again.data:
        return failed("not_started", *stop.frames, *again.frames, cn=cn)
    return passed("stopped", *stop.frames, *again.frames, s=watched, cn=cn)


def _watch_s(stage: Stage, cn: str) -> float:
    """Two of the gaps seen so far, at least the silence of the settings, at most its wait."""
    times = [one.at for one in stage.log.received() if one.cn == cn and one.message and one.message.wants_ack]
    gaps = sorted(two - one for one, two in pairwise(times))
    usual = gaps[len(gaps) // 2] if gaps else 0.0
    return round(min(max(2 * usual, stage.settings.quiet_s), stage.settings.wait_s), 2)


async def one_record(stage: Stage, case: Case) -> Verdict:
    begin, end = last_interval(HISTORY, now())
    asked = await stage.do(HISTORY, {"begin": begin, "end": end})
    verdict = carried_out(stage, asked)
    if verdict.outcome != "pass":
        return verdict
    if not asked.data:
        return not_applicable("no_history", *asked.frames)
    expected, found = {format_digits(begin)}, _times(asked.data)
    if set(found) != expected or (len(found) > 1 and not _all_packs(asked.data)):
        return failed("records_wrong", *asked.frames, expected=_shown(expected), found=_shown(found))
    return passed("one_record", *asked.frames, time=found[0])


async def several_records(stage: Stage, case: Case) -> Verdict:
    end, _ = last_interval(HISTORY, now())
    begin = end - timedelta(hours=2)
    asked = await stage.do(HISTORY, {"begin": begin, "end": end})
    verdict = carried_out(stage, asked)
    if verdict.outcome != "pass":
        return verdict
    if not asked.data:
        return not_applicable("no_history", *asked.frames)
    wanted = [format_digits(begin + timedelta(hours=n)) for n in range(3)]
    found = _times(asked.data)
    doubled = len(found) != len(set(found)) and not _all_packs(asked.data)
    if doubled or not set(found) <= set(wanted):
        return failed("records_wrong", *asked.frames, expected=_shown(wanted), found=_shown(found))
    return passed("records", *asked.frames, n=len(set(found)), found=_shown(sorted(set(found))))


async def no_data(stage: Stage, case: Case) -> Verdict:
    begin = day_start(beijing_day(now())) + timedelta(days=2)
    asked = await stage.do(HISTORY, {"begin": begin, "end": begin + timedelta(hours=1)})
    if asked.reply is None and asked.result is None:
        return failed("no_answer", asked.sent, s=2 * stage.settings.timeout_s)
    if asked.data:
        return failed("data_despite", *asked.frames, n=len(asked.data))
    if asked.result is None and asked.code == "1":
        return failed("no_result", *asked.frames, s=stage.settings.result_s)
    if asked.result_code != NO_DATA:
        return failed("bad_result", *asked.frames, code=asked.result_code or asked.code)
    return passed("no_data_said", *asked.frames)


async def own_qn(stage: Stage, case: Case) -> Verdict:
    """2005 may leave QN out of data frames."""
    asked = [one for one in stage.asked if COMMANDS[one.exchange.command].history and one.data]
    if not asked:
        return not_applicable("none_seen")
    bad: list[Seen] = []
    for one in asked:
        qns = [frame.message.qn for frame in one.data if frame.message is not None and frame.message.qn]
        if one.exchange.qn in qns or len(qns) != len(set(qns)):
            bad += one.data
    total = sum(len(one.data) for one in asked)
    if bad:
        return failed("some_bad", *bad, n=total, bad=len(bad), what=f"QN={bad[0].qn}")
    return passed("all_good", *asked[0].frames, n=total)


def _times(data: list[Seen]) -> list[str]:
    return [one.message.field("DataTime") or "?" for one in data if one.message is not None]


def _all_packs(data: list[Seen]) -> bool:
    return all(one.message is not None and one.message.pack is not None for one in data)


def _shown(times: object) -> str:
    return ", ".join(list(times)[:6]) if isinstance(times, list | set) else str(times)


JUDGES = {
    "command": command, "stopped": stopped, "one_record": one_record, "several_records": several_records,
    "no_data": no_data, "own_qn": own_qn,
}  # fmt: skip
