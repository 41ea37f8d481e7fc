"""How a simulated logger answers the host's commands: one function a command, in one table. No I/O.

A request is answered by 9011 (QnRtn), then what was asked for, then 9012 (ExeRtn); a notify by 9013;
HJ 212-2017 §6.6.3. What cannot be done is refused with the code of table 4, never ignored.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mingcha.core.clock import format_digits, parse_digits
from mingcha.core.packets import DAY, HOUR, MINUTE, REALTIME
from mingcha.gateway.simulator.frames import interval_s
from mingcha.gateway.simulator.plant import Profile
from mingcha.protocol.hj212 import Message

READY, REFUSED, WRONG_PW, WRONG_MN, WRONG_CN = "1", "2", "3", "4", "8"  # QnRtn, HJ 212-2017 table 4
DONE, CONDITION, NO_DATA = "1", "3", "100"  # ExeRtn, table 5
RTD_RANGE_S = (30, 3600)  # HJ 212-2017 table 5
MINUTE_INTERVALS = frozenset({1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30})
HISTORY_MAX = 1000  # records of one request; a real logger is as careful


@dataclass(slots=True)
class Settings:
    """What the host can set. ``ahead_s``: how far the logger's clock is ahead of true time."""

    password: str
    rtd_interval_s: float = 60.0
    minute_interval_s: int = 600
    overtime_s: float = 10.0
    recount: int = 3
    realtime_on: bool = True
    ahead_s: float = 0.0
    started: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame to answer with. ``data``: of the command itself, otherwise ST=91."""

    cn: str
    cp: str = ""
    data: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """``replies`` in order; between the first and the last, the frames of the intervals in ``history``."""

    replies: list[Reply] = field(default_factory=list)
    history: list[tuple[str, datetime]] = field(default_factory=list)


def respond(message: Message, profile: Profile, settings: Settings, now: datetime) -> Response:
    """Do what ``message`` asks, changing ``settings``, and say what to send back. ``now``: true time."""
    if message.cn not in COMMANDS:
        return _refused(WRONG_CN) if message.wants_ack else Response()
    if message.mn != profile.mn:
        return _refused(WRONG_MN)
    if message.pw != settings.password:
        return _refused(WRONG_PW)
    return COMMANDS[message.cn](_Asked(message, profile, settings, now))


@dataclass(frozen=True, slots=True)
class _Asked:
    message: Message
    profile: Profile
    settings: Settings
    now: datetime

    def text(self, name: str) -> str:
        return self.message.field(name) or ""

    def whole(self, name: str) -> int | None:
        text = self.text(name)
        return int(text) if text.isascii() and text.isdigit() else None


def _done(*data: Reply) -> Response:
    return Response([Reply("9011", f"QnRtn={READY}"), *data, Reply("9012", f"ExeRtn={DONE}")])


def _failed(code: str) -> Response:
    return Response([Reply("9011", f"QnRtn={READY}"), Reply("9012", f"ExeRtn={code}")])


def _refused(code: str) -> Response:
    return Response([Reply("9011", f"QnRtn={code}")])


def _set_overtime(asked: _Asked) -> Response:
    overtime, recount = asked.whole("OverTime") or asked.whole("Overtime"), asked.whole("ReCount")
    if not overtime or recount is None:
        return _failed(CONDITION)
    asked.settings.overtime_s, asked.settings.recount = float(overtime), recount
    return _done()


def _get_time(asked: _Asked) -> Response:
    clock = asked.now + timedelta(seconds=asked.settings.ahead_s)
    return _done(Reply("1011", f"SystemTime={format_digits(clock)}", data=True))


def _set_time(asked: _Asked) -> Response:
    wanted = parse_digits(asked.text("SystemTime"))
    if wanted is None:
        return _failed(CONDITION)
    asked.settings.ahead_s = (wanted - asked.now).total_seconds()
    return _done()


def _get_rtd_interval(asked: _Asked) -> Response:
    return _done(Reply("1061", f"RtdInterval={asked.settings.rtd_interval_s:.0f}", data=True))


def _set_rtd_interval(asked: _Asked) -> Response:
    wanted = asked.whole("RtdInterval")
    if wanted is None or not RTD_RANGE_S[0] <= wanted <= RTD_RANGE_S[1]:
        return _failed(CONDITION)
    asked.settings.rtd_interval_s = float(wanted)
    return _done()


def _get_minute_interval(asked: _Asked) -> Response:
    return _done(Reply("1063", f"MinInterval={asked.settings.minute_interval_s // 60}", data=True))


def _set_minute_interval(asked: _Asked) -> Response:
    wanted = asked.whole("MinInterval")
    if wanted not in MINUTE_INTERVALS:
        return _failed(CONDITION)
    asked.settings.minute_interval_s = wanted * 60
    return _done()


def _set_password(asked: _Asked) -> Response:
    wanted = asked.text("NewPW")
    if not 1 <= len(wanted) <= 6:
        return _failed(CONDITION)
    response = _done()
    asked.settings.password = wanted
    return response


def _start_realtime(asked: _Asked) -> Response:
    asked.settings.realtime_on = True
    return _done()


def _stop_realtime(asked: _Asked) -> Response:
    asked.settings.realtime_on = False
    return Response([Reply("9013")])


def _history(asked: _Asked) -> Response:
    """Records of BeginTime … EndTime, both included; equal ones ask for one record."""
    begin, end = parse_digits(asked.text("BeginTime")), parse_digits(asked.text("EndTime"))
    if begin is None or end is None:
        return _failed(CONDITION)
    step = timedelta(seconds=interval_s(asked.profile, asked.message.cn))
    found: list[tuple[str, datetime]] = []
    moment = begin
    while moment <= end and moment + step <= asked.now and len(found) < HISTORY_MAX:
        found.append((asked.message.cn, moment))
        moment += step
    if not found:
        return _failed(NO_DATA)
    return Response([Reply("9011", f"QnRtn={READY}"), Reply("9012", f"ExeRtn={DONE}")], found)


def _started(asked: _Asked) -> Response:
    started = asked.settings.started or asked.now
    clock = format_digits(asked.now + timedelta(seconds=asked.settings.ahead_s))
    return _done(Reply("2081", f"DataTime={clock};RestartTime={format_digits(started)}", data=True))


COMMANDS: dict[str, Callable[[_Asked], Response]] = {
    "1000": _set_overtime,
    "1011": _get_time,
    "1012": _set_time,
    "1061": _get_rtd_interval,
    "1062": _set_rtd_interval,
    "1063": _get_minute_interval,
    "1064": _set_minute_interval,
    "1072": _set_password,
    REALTIME: _start_realtime,
    "2012": _stop_realtime,
    MINUTE: _history,
    HOUR: _history,
    DAY: _history,
    "2081": _started,
}
