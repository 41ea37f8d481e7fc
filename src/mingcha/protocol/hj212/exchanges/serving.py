"""What a logger makes of a request: whether it may be carried out, and the settings it changes itself.

The order of the checks is that of the guide to the protocol, §12.2; a frame whose length or CRC is wrong never
comes here and gets no answer. What is not a setting of the logger is asked of its ``Port``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from mingcha.core.clock import parse_digits
from mingcha.core.errors import BadInput
from mingcha.protocol.hj212.editions import SPLIT_BIT, VERSION_SHIFT, VERSIONS
from mingcha.protocol.hj212.exchanges.catalogue import Command, find
from mingcha.protocol.hj212.exchanges.cipher import KeyRing
from mingcha.protocol.hj212.exchanges.results import Outcome
from mingcha.protocol.hj212.exchanges.values import asked, fields_text
from mingcha.protocol.hj212.message import Message

READY, NOT_NOW, WRONG_PW, WRONG_MN, WRONG_ST, WRONG_FLAG, WRONG_QN, WRONG_CN = (
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
)
DONE, CONDITION, NO_DATA, UNKNOWN_ERROR = "1", "3", "100", "100"


class Port(Protocol):
    """What is behind a logger: its instruments and its memory."""

    def carry_out(self, command: Command, values: Mapping[str, object], at: datetime) -> Outcome:
        """Do what ``command`` asks. ``values`` as ``values.asked`` gives them; ``at``: true time."""


@dataclass(slots=True)
class LoggerSettings:
    """Who the logger is and what the host can set. Seconds, unless the name says otherwise.

    ``sts``: system codes it answers to, its own first; empty: any. ``ahead_s``: how far its clock is ahead of true time.
    ``encrypt``: its data commands are encrypted once it has a key (2025). ``hardware``: what 1001 tells.
    ``qn_age_s``: older requests are refused with QnRtn=7; None asks for the form alone, as clocks differ before 1012.
    """

    mn: str
    password: str
    edition: str = "2017"
    sts: tuple[str, ...] = ("32",)
    overtime_s: float = 10.0
    recount: int = 3
    realtime_interval_s: float = 60.0
    minute_interval_s: int = 600
    realtime_on: bool = True
    states_on: bool = False
    ahead_s: float = 0.0
    heartbeat_s: float | None = None
    late_s: float = 18.0
    qn_age_s: float | None = None
    encrypt: bool = False
    keys: KeyRing = field(default_factory=KeyRing)
    hardware: Mapping[str, str] = field(default_factory=dict)
    started: datetime | None = None
    refuses: frozenset[str] = frozenset()  # names of commands answered with QnRtn=2

    @property
    def st(self) -> str:
        return self.sts[0] if self.sts else "32"

    def clock(self, at: datetime) -> datetime:
        """The logger's own time at the true time ``at``."""
        return at + timedelta(seconds=self.ahead_s)


def command_in(message: Message, settings: LoggerSettings) -> Command | None:
    """The command of the host that ``message`` is, for a logger of this edition."""
    return find(message.cn, settings.edition, "host", message.st)


def refusal(message: Message, settings: LoggerSettings, at: datetime) -> str:
    """QnRtn of the first check that fails, in the order of §12.2; "" where the request may be carried out."""
    return next((code for code, fails in CHECKS if fails(message, settings, at)), "")


def _cn(message: Message, settings: LoggerSettings, _: datetime) -> bool:
    return command_in(message, settings) is None


def _mn(message: Message, settings: LoggerSettings, _: datetime) -> bool:
    if message.cn == "1002" and settings.edition == "2025":
        return not message.mn
    return not settings.mn or message.mn != settings.mn


def _pw(message: Message, settings: LoggerSettings, _: datetime) -> bool:
    return message.pw != settings.password


def _st(message: Message, settings: LoggerSettings, _: datetime) -> bool:
    command = command_in(message, settings)
    own = (*settings.sts, command.st) if command is not None and command.st else settings.sts
    return bool(settings.sts) and message.st not in own


def _qn(message: Message, settings: LoggerSettings, at: datetime) -> bool:
    moment = parse_digits(message.qn) if len(message.qn) == 17 else None
    if moment is None:
        return True
    age = settings.qn_age_s
    return age is not None and abs((settings.clock(at) - moment).total_seconds()) > age


def _flag(message: Message, settings: LoggerSettings, _: datetime) -> bool:
    if message.flag is None:
        return settings.edition != "2005" or "Flag" in message.header
    if VERSIONS.get(message.flag >> VERSION_SHIFT) != settings.edition:
        return True
    return bool(message.flag & SPLIT_BIT) and message.pack is None


def _not_now(message: Message, settings: LoggerSettings, _: datetime) -> bool:
    command = command_in(message, settings)
    return command is not None and command.name in settings.refuses


Check = Callable[[Message, LoggerSettings, datetime], bool]
CHECKS: tuple[tuple[str, Check], ...] = (
    (WRONG_CN, _cn),
    (WRONG_MN, _mn),
    (WRONG_PW, _pw),
    (WRONG_ST, _st),
    (WRONG_QN, _qn),
    (WRONG_FLAG, _flag),
    (NOT_NOW, _not_now),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that passed all checks."""

    command: Command
    values: Mapping[str, object]
    settings: LoggerSettings
    at: datetime
    mn: str
    port: Port

    def whole(self, name: str) -> int:
        value = self.values[name]
        if not isinstance(value, int):
            raise BadInput({name: f"{value!r} is no whole number"})
        return value

    def moment(self, name: str) -> datetime:
        value = self.values[name]
        if not isinstance(value, datetime):
            raise BadInput({name: f"{value!r} is no time"})
        return value

    def answer(self, **values: object) -> Outcome:
        return Outcome(frames=[fields_text(self.command, self.settings.edition, values)])


def carried_out(message: Message, settings: LoggerSettings, port: Port, at: datetime) -> Outcome:
    """Do what an admitted request asks: by the logger's own settings where they are meant, else by ``port``."""
    command = command_in(message, settings)
    if command is None:
        return Outcome(refusal=WRONG_CN)
    try:
        request = Asked(command, asked(command, settings.edition, message), settings, at, message.mn, port)
        own = OWN.get(command.name)
        # A time command with PolId is meant for the instrument, not for the logger.
        if own is None or "factor" in request.values:
            return port.carry_out(command, request.values, at)
        return own(request)
    except BadInput:
        return Outcome(code=CONDITION)


def _set_timeouts(asked_: Asked) -> Outcome:
    asked_.settings.overtime_s = float(asked_.whole("overtime_s"))
    asked_.settings.recount = asked_.whole("recount")
    return Outcome()


def _get_time(asked_: Asked) -> Outcome:
    return asked_.answer(time=asked_.settings.clock(asked_.at))


def _set_time(asked_: Asked) -> Outcome:
    asked_.settings.ahead_s = (asked_.moment("time") - asked_.at).total_seconds()
    return Outcome()


def _get_realtime_interval(asked_: Asked) -> Outcome:
    return asked_.answer(realtime_interval_s=round(asked_.settings.realtime_interval_s))


def _set_realtime_interval(asked_: Asked) -> Outcome:
    asked_.settings.realtime_interval_s = float(asked_.whole("realtime_interval_s"))
    return Outcome()


def _get_minute_interval(asked_: Asked) -> Outcome:
    return asked_.answer(minute_interval_min=asked_.settings.minute_interval_s // 60)


def _set_minute_interval(asked_: Asked) -> Outcome:
    asked_.settings.minute_interval_s = asked_.whole("minute_interval_min") * 60
    return Outcome()


def _set_password(asked_: Asked) -> Outcome:
    asked_.settings.password = str(asked_.values["new_password"])
    return Outcome()


def _start(name: str) -> Callable[[Asked], Outcome]:
    """The first data come between 9011 and 9012, the rest by themselves until the stop."""

    def start(asked_: Asked) -> Outcome:
        outcome = asked_.port.carry_out(asked_.command, asked_.values, asked_.at)
        if outcome.code == DONE and not outcome.refusal:
            setattr(asked_.settings, name, True)
        return outcome

    return start


def _stop(name: str) -> Callable[[Asked], Outcome]:
    def stop(asked_: Asked) -> Outcome:
        setattr(asked_.settings, name, False)
        return Outcome()

    return stop


def _set_mn(asked_: Asked) -> Outcome:
    """Only for the logger whose hardware id is named."""
    if asked_.values["hardware_id"] != asked_.settings.hardware.get("hardware_id"):
        return Outcome(code=CONDITION)
    asked_.settings.mn = asked_.mn
    return Outcome()


def _set_key(asked_: Asked) -> Outcome:
    settings, key = asked_.settings, str(asked_.values["new_key"]).encode()
    created = asked_.moment("key_created")
    settings.keys = settings.keys.changed_to(key, created=created, at=asked_.at)
    settings.keys = replace(settings.keys, created=created)
    return Outcome()


OWN: Mapping[str, Callable[[Asked], Outcome]] = {
    "set_timeouts": _set_timeouts,
    "set_mn": _set_mn,
    "set_key": _set_key,
    "get_time": _get_time,
    "set_time": _set_time,
    "get_realtime_interval": _get_realtime_interval,
    "set_realtime_interval": _set_realtime_interval,
    "get_minute_interval": _get_minute_interval,
    "set_minute_interval": _set_minute_interval,
    "set_password": _set_password,
    "start_realtime": _start("realtime_on"),
    "stop_realtime": _stop("realtime_on"),
    "start_states": _start("states_on"),
    "stop_states": _stop("states_on"),
}
