"""One command of the host and its answers. A pair missing in ``NEXT`` is illegal. HJ 212-2017 §6.

A request is answered by 9011, carried out, and closed by 9012; every message of the exchange has its QN. After
the last resend the exchange ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from mingcha.core.moves import step
from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.editions import ACK_BIT, version_bits
from mingcha.protocol.hj212.encode import encode
from mingcha.protocol.hj212.message import Message

TIMEOUT_S, RESENDS = 10.0, 3  # GPRS, CDMA and others (2017); ADSL 5 s; NB-IoT 30 s and 5 resends (2025)


class State(StrEnum):
    WAITING = "waiting"  # sent, not yet answered
    RUNNING = "running"  # 9011 QnRtn=1 came
    DONE = "done"
    FAILED = "failed"  # 9012 with another ExeRtn than 1
    REFUSED = "refused"
    LOST = "lost"  # no answer after the last resend


class Happened(StrEnum):
    ACCEPTED = "accepted"  # CN=9011, QnRtn=1
    DECLINED = "declined"  # CN=9011, any other QnRtn
    DATA = "data"  # a frame with the CN asked for
    SUCCEEDED = "succeeded"  # CN=9012, ExeRtn=1
    UNSUCCESSFUL = "unsuccessful"  # CN=9012, any other ExeRtn
    NOTICED = "noticed"  # CN=9013
    TIMED_OUT = "timed_out"
    RESENT = "resent"


NEXT: dict[tuple[State, Happened], State] = {
    (State.WAITING, Happened.ACCEPTED): State.RUNNING,
    (State.WAITING, Happened.DECLINED): State.REFUSED,
    (State.WAITING, Happened.NOTICED): State.DONE,
    (State.WAITING, Happened.RESENT): State.WAITING,
    (State.WAITING, Happened.TIMED_OUT): State.LOST,
    # 9011 can be lost or overtaken: the result says that the request was accepted.
    (State.WAITING, Happened.SUCCEEDED): State.DONE,
    (State.WAITING, Happened.UNSUCCESSFUL): State.FAILED,
    (State.WAITING, Happened.DATA): State.RUNNING,
    (State.RUNNING, Happened.ACCEPTED): State.RUNNING,
    (State.RUNNING, Happened.DATA): State.RUNNING,
    (State.RUNNING, Happened.SUCCEEDED): State.DONE,
    (State.RUNNING, Happened.UNSUCCESSFUL): State.FAILED,
    (State.RUNNING, Happened.TIMED_OUT): State.LOST,
}

FINAL = frozenset({State.DONE, State.FAILED, State.REFUSED, State.LOST})

REQUEST_CODES: Mapping[str, str] = {
    "1": "ready to execute", "2": "refused", "3": "PW wrong", "4": "MN wrong", "5": "ST wrong", "6": "Flag wrong",
    "7": "QN wrong", "8": "CN wrong", "9": "CRC wrong", "100": "unknown error",
}  # fmt: skip
RESULT_CODES: Mapping[str, str] = {
    "1": "success", "2": "failed, reason unknown", "3": "condition not met", "4": "communication time-out",
    "5": "system busy", "6": "system fault", "100": "no data",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command under way. ``reason``: code of 9011 or 9012. Each step gives a new value."""

    raw: bytes
    qn: str
    mn: str
    cn: str
    state: State = State.WAITING
    resent: int = 0
    reason: str = ""

    @property
    def final(self) -> bool:
        return self.state in FINAL

    def heard(self, message: Message) -> "Exchange":
        """The exchange after a message of the field; itself where the message belongs to another."""
        found = self._read(message)
        if found is None or self.final:
            return self
        happened, reason = found
        return replace(self, state=step(NEXT, self.state, happened), reason=reason or self.reason)

    def timed_out(self, *, resends: int = RESENDS) -> "Exchange":
        """The exchange after a time-out: to be sent again (``raw``) while WAITING and resends are left."""
        if self.final:
            return self
        if self.state is State.WAITING and self.resent < resends:
            return replace(self, state=step(NEXT, self.state, Happened.RESENT), resent=self.resent + 1)
        return replace(self, state=step(NEXT, self.state, Happened.TIMED_OUT))

    def _read(self, message: Message) -> tuple[Happened, str] | None:
        if message.mn != self.mn:
            return None
        if message.cn == self.cn and message.cn not in commands.REPLIES:
            return (Happened.DATA, "") if message.qn == self.qn or message.cn.startswith("2") else None
        if (message.qn or message.field("QN")) != self.qn:  # 2005 carries QN inside CP
            return None
        return self._reply(message)

    def _reply(self, message: Message) -> tuple[Happened, str] | None:
        if message.cn == commands.REQUEST_REPLY:
            code = message.field("QnRtn") or ""
            return (Happened.ACCEPTED if code == "1" else Happened.DECLINED), code
        if message.cn == commands.RESULT:
            code = message.field("ExeRtn") or ""
            return (Happened.SUCCEEDED if code == "1" else Happened.UNSUCCESSFUL), code
        if message.cn == commands.NOTIFY_REPLY and commands_are_notified(self.cn):
            return Happened.NOTICED, ""
        return None


def commands_are_notified(cn: str) -> bool:
    """Whether the host's command ``cn`` is a notify, answered by 9013 alone (2012, 2022)."""
    return any("notify" in c.kind and c.direction == "host->field" for c in commands.meanings(cn))


def ask(*, edition: str, qn: str, st: str, cn: str, pw: str, mn: str, cp: str = "") -> Exchange:
    """A command of the host, ready to be sent (``raw``).

    Raises:
        BadInput: a field cannot stand in a frame.
    """
    flag = None if edition == "2005" else version_bits(edition) | ACK_BIT
    raw = encode(edition=edition, qn=qn, st=st, cn=cn, pw=pw, mn=mn, flag=flag, cp=cp)
    return Exchange(raw, qn, mn, cn)


def set_time(*, edition: str, qn: str, st: str, pw: str, mn: str, time: str) -> Exchange:
    """1012: set the clock of the data logger to ``time`` (14 digits, Beijing)."""
    return ask(edition=edition, qn=qn, st=st, cn="1012", pw=pw, mn=mn, cp=f"SystemTime={time}")
