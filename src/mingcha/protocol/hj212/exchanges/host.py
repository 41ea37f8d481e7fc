"""The host's side: a request or notify on its way, and what its answers make of it. HJ 212-2017 §6.

A request is answered by 9011, carried out, and closed by 9012; every answer has its QN, history data their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from mingcha.core.clock import parse_digits
from mingcha.core.errors import BadInput
from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.editions import ACK_BIT, EDITIONS, version_bits
from mingcha.protocol.hj212.encode import encode
from mingcha.protocol.hj212.exchanges.catalogue import LINKS, Command, command_of
from mingcha.protocol.hj212.exchanges.cipher import encrypted
from mingcha.protocol.hj212.exchanges.moves import FINAL, HOST_NEXT, Happened, State
from mingcha.protocol.hj212.exchanges.results import Result, results_of
from mingcha.protocol.hj212.exchanges.values import moment_of, written
from mingcha.protocol.hj212.message import Message

TIMEOUT_S, RESENDS = LINKS["other"].timeout_s, LINKS["other"].resends
RESULTS_MAX = (
    5000  # records kept with an exchange: a month of 10-minute data; all of them are journalled anyway
)
STRANGE_MAX = 5  # illegal answers named with an exchange

REQUEST_CODES: Mapping[str, str] = {
    "1": "ready to execute", "2": "refused", "3": "PW wrong", "4": "MN wrong", "5": "ST wrong", "6": "Flag wrong",
    "7": "QN wrong", "8": "CN wrong", "9": "CRC wrong", "100": "unknown error",
}  # fmt: skip
RESULT_CODES: Mapping[str, str] = {
    "1": "success", "2": "failed, reason unknown", "3": "condition not met", "4": "communication time-out",
    "5": "system busy", "6": "system fault", "100": "no data",
}  # fmt: skip
NO_DATA = "100"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command under way. ``reason``: code of 9011 or 9012. Each step gives a new value.

    ``results``: what the data frames said, the first ``RESULTS_MAX``; ``frames`` counts them all. ``strange``:
    answers for which the table has no move; they changed nothing. ``secret``: the new password or key (1072, 1014).
    """

    raw: bytes = field(repr=False)
    qn: str
    mn: str
    cn: str
    state: State = State.WAITING
    resent: int = 0
    reason: str = ""
    command: str = ""
    edition: str = ""
    span: tuple[datetime, datetime] | None = None
    results: tuple[Result, ...] = ()
    frames: int = 0
    strange: tuple[str, ...] = ()
    pw: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    @property
    def final(self) -> bool:
        return self.state in FINAL

    @property
    def no_data(self) -> bool:
        """The logger says that it has nothing of what was asked (ExeRtn=100)."""
        return self.state is State.DONE and self.reason == NO_DATA

    def heard(self, message: Message) -> "Exchange":
        """The exchange after a message of the field; itself where the message belongs to another."""
        found = None if self.final else self.read(message)
        if found is None:
            return self
        happened, reason = found
        after = HOST_NEXT.get((self.state, happened))
        if after is None:
            return self._with_strange(f"{happened} while {self.state}")
        moved = self._with_data(message) if happened is Happened.DATA else self
        return replace(moved, state=after, reason=reason or self.reason)

    def timed_out(self, *, resends: int = RESENDS) -> "Exchange":
        """The exchange after a time-out: to be sent again (``raw``) while WAITING and resends are left."""
        if self.final:
            return self
        if self.state is State.WAITING and self.resent < resends:
            return replace(self, state=HOST_NEXT[self.state, Happened.RESENT], resent=self.resent + 1)
        return replace(self, state=HOST_NEXT[self.state, Happened.TIMED_OUT])

    def passwords(self) -> frozenset[str]:
        """Under which passwords the logger may speak: 1072 counts from its ExeRtn=1, and a result may be lost."""
        if self.cn != "1072" or not self.secret:
            return frozenset({self.pw})
        if self.state is State.DONE:
            return frozenset({self.secret})
        known = frozenset({self.pw})
        return known if self.state in (State.REFUSED, State.FAILED) else known | {self.secret}

    def read(self, message: Message) -> tuple[Happened, str] | None:
        """What ``message`` is to this exchange, and its code; None where it belongs to another."""
        if message.mn != self.mn and not (self.cn == "1002" and not message.mn):
            return None
        if message.cn == self.cn and message.cn not in commands.REPLIES:
            return (Happened.DATA, "") if self._asked_for(message) else None
        if (message.qn or message.field("QN")) != self.qn:  # 2005 carries QN inside CP
            return None
        return self._reply(message)

    def _asked_for(self, message: Message) -> bool:
        """Data of the answer: by QN, or history by its DataTime, or what a start command set going."""
        qn = message.qn or message.field("QN")  # 2005 may leave it out
        if qn == self.qn or (not qn and message.edition == "2005"):
            return True
        if not message.cn.startswith("2") or message.supplement:
            return False
        time = parse_digits((message.field("DataTime") or "")[:14])
        if self.span is None:  # uploads go on anyway: before 9011 they prove nothing
            return self.state is State.RUNNING
        return time is not None and self.span[0] <= time <= self.span[1]

    def _reply(self, message: Message) -> tuple[Happened, str] | None:
        if message.cn == commands.REQUEST_REPLY:
            code = message.field("QnRtn") or ""
            return (Happened.ACCEPTED if code == "1" else Happened.DECLINED), code
        if message.cn == commands.RESULT:
            code = message.field("ExeRtn") or ""
            if code == NO_DATA and self._wants_data():
                return Happened.NOTHING, code
            return (Happened.SUCCEEDED if code == "1" else Happened.UNSUCCESSFUL), code
        if message.cn == commands.NOTIFY_REPLY and commands_are_notified(self.cn):
            return Happened.NOTICED, ""
        return None

    def _wants_data(self) -> bool:
        return not self.command or "data" in command_of(self.command).answers

    def _with_data(self, message: Message) -> "Exchange":
        found = results_of(command_of(self.command), message) if self.command else ()
        room = max(0, RESULTS_MAX - len(self.results))
        return replace(self, frames=self.frames + 1, results=self.results + found[:room])

    def _with_strange(self, text: str) -> "Exchange":
        if text in self.strange or len(self.strange) >= STRANGE_MAX:
            return self
        return replace(self, strange=(*self.strange, text))


def commands_are_notified(cn: str) -> bool:
    """Whether the host's command ``cn`` is a notify, answered by 9013 alone (2012, 2022)."""
    return any("notify" in c.kind and c.direction == "host->field" for c in commands.meanings(cn))


def request(
    name: str, *, edition: str, qn: str, st: str, pw: str, mn: str, values: Mapping[str, object] | None = None,
    key: bytes | None = None,
) -> Exchange:  # fmt: skip
    """The command ``name`` of ``COMMANDS``, ready to be sent (``raw``).

    ``key``: the SM4 key in force; the new key of ``set_key`` is encrypted with it (HJ 212-2025 §6.4). ``mn`` of
    ``set_mn`` is the MN that the logger shall take.

    Raises:
        BadInput: no such command in this edition, or a value is missing or does not fit; one sentence for each.
    """
    if edition not in EDITIONS:
        raise BadInput({"edition": _unknown(edition)})
    command = command_of(name, edition)
    if command.role != "host":
        raise BadInput(
            {
                "command": f"{name} 由数采仪发出，上位机不能下发 ({name} is sent by the logger; a host cannot ask by it)"
            }
        )
    given = dict(values or {})
    cp = written(command, edition, given)
    exchange = ask(edition=edition, qn=qn, st=command.st or st, cn=command.cn, pw=pw, mn=mn, cp=cp)
    raw = encrypted(exchange.raw, key) if key is not None and command.name == "set_key" else exchange.raw
    return replace(
        exchange, raw=raw, command=name, edition=edition, pw=pw, span=_span(command, given),
        secret=next((str(given[p.name]) for p in command.parameters if p.secret and p.name in given), ""),
    )  # fmt: skip


def _span(command: Command, values: Mapping[str, object]) -> tuple[datetime, datetime] | None:
    begin, end = moment_of(values.get("begin", "")), moment_of(values.get("end", ""))
    return (begin, end) if command.history and begin is not None and end is not None else None


def ask(*, edition: str, qn: str, st: str, cn: str, pw: str, mn: str, cp: str = "") -> Exchange:
    """A command of the host given as text, ready to be sent (``raw``).

    Raises:
        BadInput: a field cannot stand in a frame.
    """
    flag = None if edition == "2005" else version_bits(edition) | ACK_BIT
    raw = encode(edition=edition, qn=qn, st=st, cn=cn, pw=pw, mn=mn, flag=flag, cp=cp)
    return Exchange(raw, qn, mn, cn, edition=edition, pw=pw)


def set_time(*, edition: str, qn: str, st: str, pw: str, mn: str, time: str) -> Exchange:
    """1012: set the clock of the data logger to ``time`` (14 digits, Beijing)."""
    return request("set_time", edition=edition, qn=qn, st=st, pw=pw, mn=mn, values={"time": time})


def _unknown(edition: object) -> str:
    known = ", ".join(EDITIONS)
    return f"没有 {edition!r} 版，应为 {known} 之一 ({edition!r} is unknown; expected one of {known})"
