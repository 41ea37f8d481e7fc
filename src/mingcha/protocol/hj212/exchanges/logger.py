"""A whole data logger without I/O: bytes of the host in, frames to write out. HJ 212-2017 §6, HJ 212-2025.

Whoever owns the socket calls ``opened``, ``receive``, ``wake`` and ``closed``; ``due`` says when to wake next. ``at``
is true time, ``tick`` the seconds of a steady clock: time-outs run by ticks, so setting a clock repeats nothing.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from mingcha.core.clock import format_digits
from mingcha.core.errors import BadInput
from mingcha.core.moves import step
from mingcha.protocol.hj212 import commands
from mingcha.protocol.hj212.decoding import Decoding, reread
from mingcha.protocol.hj212.editions import ACK_BIT, SPLIT_BIT, version_bits
from mingcha.protocol.hj212.encode import encode, packed
from mingcha.protocol.hj212.events import Frame, Rejected
from mingcha.protocol.hj212.exchanges.catalogue import Command, command_of
from mingcha.protocol.hj212.exchanges.cipher import encrypted, wants_cipher
from mingcha.protocol.hj212.exchanges.moves import REGISTER_NEXT, SERVING_NEXT, Entry, Said, Serving, Step
from mingcha.protocol.hj212.exchanges.results import Outcome
from mingcha.protocol.hj212.exchanges.sending import Outbox, Outgoing, Owed, Tally, Texts
from mingcha.protocol.hj212.exchanges.serving import (
    READY,
    LoggerSettings,
    Port,
    carried_out,
    command_in,
    refusal,
)
from mingcha.protocol.hj212.exchanges.values import written
from mingcha.protocol.hj212.message import Message, decode
from mingcha.protocol.hj212.splitter import Splitter

REMEMBERED = 16  # requests whose answers are kept, for a host that did not hear them and asks again
ASK_AGAIN_S = (
    300.0  # default: a registration or key that was noted (9013) and not followed up is asked for again
)
STAMP_SLIP = timedelta(
    seconds=5
)  # the most a QN may run ahead of the clock in a burst; more means the clock was set

Writes = list[Outgoing]


class LoggerSession:
    """The logger of ``settings``, which its host may change. ``port``: what is behind it."""

    def __init__(self, settings: LoggerSettings, port: Port) -> None:
        self.settings = settings
        self.port = port
        self.tally = Tally()
        self.outbox = Outbox(self.tally, newest_first=settings.edition == "2025")
        self.entry = (
            Entry.READY if settings.edition != "2025" else Entry.NAMED if settings.mn else Entry.NAMELESS
        )
        self.linked = self.unusable = False
        self._splitter = Splitter()
        self._answered: OrderedDict[tuple[str, bytes], Writes] = OrderedDict()
        self._stamped: datetime | None = None
        self._beat = 0.0
        self._asked_at = 0.0

    # --- the link ------------------------------------------------------------------------------------

    def opened(self, at: datetime, tick: float) -> Writes:
        """A connection stands: what is to be written first."""
        self.linked, self.unusable = True, False
        self._splitter = Splitter()
        self._beat = tick + (self.settings.heartbeat_s or 0.0)
        return self.wake(at, tick)

    def closed(self) -> None:
        """The connection is gone; what was not acknowledged is owed again."""
        self.linked = False
        self.outbox.take_back()
        if self.entry in (Entry.REGISTERING, Entry.ASKING_KEY):
            self.entry = step(REGISTER_NEXT, self.entry, Step.LOST)

    def receive(self, data: bytes, at: datetime, tick: float) -> Writes:
        """Bytes of the host: what to write in return."""
        keys = self.settings.keys.reads(at)
        outs: Writes = []
        for event in self._splitter.receive(data):
            if isinstance(event, Frame | Rejected):
                frame = reread(event, Decoding(keys=keys)) if keys else event
                if isinstance(frame, Frame):
                    outs += self.heard(decode(frame), at, tick)
        return outs

    def due(self) -> float | None:
        """The tick at which ``wake`` has something to do; None: not before something comes."""
        if not self.linked:
            return None
        if self.outbox.ready and self._speaks():
            return 0.0
        found = [self.outbox.due()]
        found.append(self._beat if self._beats() else None)
        found.append(
            self._asked_at + ASK_AGAIN_S if self.entry in (Entry.REGISTERING, Entry.ASKING_KEY) else None
        )
        return min((one for one in found if one is not None), default=None)

    def wake(self, at: datetime, tick: float) -> Writes:
        """Everything that is due: registration, heartbeat, resends, what is owed. Nothing without a link."""
        if not self.linked:
            return []
        self._enter(at, tick)
        if self._beats() and tick >= self._beat:
            self._beat = tick + (self.settings.heartbeat_s or 0.0)
            self.notify("heartbeat", {}, at)
        outs, unusable = self.outbox.overdue(
            tick, overtime_s=self.settings.overtime_s, recount=self.settings.recount
        )
        self.unusable = self.unusable or unusable
        while (owed := self.outbox.take(own=not self._speaks())) is not None:
            outs += self._send(owed, at, tick)
        return outs

    # --- what the logger sends by itself -----------------------------------------------------------

    def owe(
        self, cn: str, time: datetime, texts: Texts, *, due: datetime, st: str = "", keep: bool = True,
        ack: bool = True,
    ) -> None:  # fmt: skip
        """An upload with DataTime ``time``: ``texts`` gives the CP of each pack when it leaves.

        ``due``: the moment it should leave; later it is a supplement (RF=1 in 2025).
        """
        if keep or self.linked:
            self.outbox.add(Owed(cn, st or self.settings.st, time, texts, due, keep=keep, ack=ack))

    def upload(
        self,
        name: str,
        time: datetime,
        items: Sequence[str],
        at: datetime,
        *,
        keep: bool = True,
        st: str = "",
    ) -> None:
        """As ``owe`` for a command by its name and the items of its factors, due at ``at``.

        Raises:
            BadInput: no such upload in this edition, or an item is too long.
        """
        command = self._own(name, "data")
        texts = packed([f"DataTime={format_digits(time)}", *items], self.settings.edition)
        self.owe(command.cn, time, lambda: texts, due=at, st=st or command.st, keep=keep)

    def notify(self, name: str, values: Mapping[str, object], at: datetime) -> None:
        """A notify by its name: ask_time, ask_key, register, heartbeat, alarm_event.

        Raises:
            BadInput: no such notify in this edition, or a value does not fit.
        """
        command = self._own(name, "notify")
        text = written(command, self.settings.edition, values)
        if self.linked:
            self.outbox.add(Owed(command.cn, self.settings.st, at, lambda: (text,), at, keep=False))

    def _own(self, name: str, answers: str) -> Command:
        command = command_of(name, self.settings.edition)
        if command.role != "logger" or command.answers != answers:
            raise BadInput({"command": f"{name} is no {answers} message of a logger"})
        return command

    def _send(self, owed: Owed, at: datetime, tick: float) -> Writes:
        texts = owed.texts()
        late = owed.keep and (at - owed.due).total_seconds() > self.settings.late_s
        self.tally.late += late
        flag = self.flag(ack=owed.ack) | SPLIT_BIT * (len(texts) > 1)
        outs = []
        for number, cp in enumerate(texts, start=1):
            pack = (len(texts), number) if len(texts) > 1 else None
            outs.append(self.frame(owed.cn, owed.st, cp, flag, at, time=owed.time, pack=pack, rf=late))
        self.outbox.sent(owed, outs, tick=tick, overtime_s=self.settings.overtime_s)
        return outs

    # --- what the host says ------------------------------------------------------------------------

    def heard(self, message: Message, at: datetime, tick: float) -> Writes:
        """One message of the host: its answers."""
        if message.cn in (commands.DATA_REPLY, commands.NOTIFY_REPLY):
            owed = self.outbox.answered(message.qn or message.field("QN") or "", tick)
            if owed is not None and owed.cn in ("1001", "1014"):
                self._asked_at = tick
            return self.wake(at, tick) if self.outbox.ready else []
        if message.cn in commands.REPLIES:
            return []  # 9011 and 9012 go to the host alone
        self.tally.commands += 1
        outs = self._serve(message, at)
        return outs + self.wake(at, tick)

    def _serve(self, message: Message, at: datetime) -> Writes:
        known = (message.qn, message.segment)
        if known in self._answered:
            return self._answered[known]
        reply = _Reply(self, message, at)
        code = refusal(message, self.settings, at)
        command = command_in(message, self.settings)
        if code or command is None:
            self.tally.refused += 1
            reply.no(code)
        elif command.answers == "notify":
            carried_out(message, self.settings, self.port, at)
            reply.notice()
        else:
            self._carry_out(command, message, reply, at)
        if command is not None and "data" not in command.answers:
            self._remember(known, reply.outs)
        return reply.outs

    def _carry_out(self, command: Command, message: Message, reply: "_Reply", at: datetime) -> None:
        outcome = carried_out(message, self.settings, self.port, at)
        if outcome.refusal:
            self.tally.refused += 1
            reply.no(outcome.refusal)
            return
        reply.ready()
        for items in outcome.frames:
            reply.data(command, items)
        reply.result(outcome)
        if outcome.code == "1" and command.name in _ENTRY_STEPS:
            self.entry = step(REGISTER_NEXT, self.entry, _ENTRY_STEPS[command.name])

    def _remember(self, known: tuple[str, bytes], outs: Writes) -> None:
        self._answered[known] = outs
        while len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)

    # --- registration and key (2025) ----------------------------------------------------------------

    def _enter(self, at: datetime, tick: float) -> None:
        if self.entry is Entry.READY and not (self.settings.encrypt and self.settings.keys.is_old(at)):
            return
        again = tick - self._asked_at >= ASK_AGAIN_S and not self.outbox.waiting
        if self.entry in (Entry.REGISTERING, Entry.ASKING_KEY) and again:
            self.entry = step(REGISTER_NEXT, self.entry, Step.LOST)
        if self.entry is Entry.NAMELESS and self.settings.hardware:
            self.entry, self._asked_at = step(REGISTER_NEXT, self.entry, Step.REGISTER), tick
            self.notify("register", self.settings.hardware, at)
        if self.entry in (Entry.NAMED, Entry.READY):
            self._enter_key(at, tick)

    def _enter_key(self, at: datetime, tick: float) -> None:
        keys = self.settings.keys
        if self.settings.encrypt and (keys.current is None or keys.is_old(at)):
            self.entry, self._asked_at = step(REGISTER_NEXT, self.entry, Step.ASK_KEY), tick
            self.notify("ask_key", {"key_created": keys.created or self.settings.clock(at)}, at)
        else:
            self.entry = step(REGISTER_NEXT, self.entry, Step.NEEDS_NO_KEY)

    def _speaks(self) -> bool:
        """Whether data may leave: the logger has its name, and its key where it needs one."""
        if self.entry is Entry.READY:
            return True
        return self.entry is Entry.ASKING_KEY and self.settings.keys.current is not None

    def _beats(self) -> bool:
        return self.settings.edition == "2025" and self.settings.heartbeat_s is not None and self._speaks()

    # --- frames --------------------------------------------------------------------------------------

    def flag(self, *, ack: bool) -> int:
        return version_bits(self.settings.edition) | ACK_BIT * ack

    def frame(
        self, cn: str, st: str, cp: str, flag: int, at: datetime, *, qn: str = "", time: datetime | None = None,
        pack: tuple[int, int] | None = None, rf: bool = False,
    ) -> Outgoing:  # fmt: skip
        settings = self.settings
        qn = qn or self.stamp(at)
        raw = encode(
            edition=settings.edition, qn=qn, st=st, cn=cn, pw=settings.password,
            mn="" if cn == "1001" else settings.mn, flag=flag, cp=cp, pack=pack,
            rf=rf and settings.edition == "2025",
        )  # fmt: skip
        return Outgoing(self._ciphered(cn, cp, raw), cn, qn, time)

    def _ciphered(self, cn: str, cp: str, raw: bytes) -> bytes:
        key = self.settings.keys.current
        if not self.settings.encrypt or key is None or not cp or not wants_cipher(cn):
            return raw
        return encrypted(raw, key)

    def stamp(self, at: datetime) -> str:
        """A QN of the logger's clock, never twice the same millisecond: it names one frame."""
        moment = self.settings.clock(at)
        last = self._stamped
        if last is not None and timedelta(0) <= last - moment < STAMP_SLIP:
            moment = last + timedelta(milliseconds=1)
        self._stamped = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        if last is not None and self._stamped == last:
            self._stamped = last + timedelta(milliseconds=1)
        return format_digits(self._stamped, milliseconds=True)


_ENTRY_STEPS: Mapping[str, Step] = {"set_mn": Step.GIVEN_MN, "set_key": Step.GIVEN_KEY}


class _Reply:
    """The answers to one request, in the order the table allows. PW and MN are those of the request."""

    def __init__(self, session: LoggerSession, message: Message, at: datetime) -> None:
        self.outs: Writes = []
        self._session = session
        self._message = message
        self._at = at
        self._state = Serving.HEARD
        self._silent = message.flag is not None and not message.wants_ack  # no answer is wanted

    def ready(self) -> None:
        self._say(Said.READY, commands.REQUEST_REPLY, f"QnRtn={READY}")

    def no(self, code: str) -> None:
        self._say(Said.NO, commands.REQUEST_REPLY, f"QnRtn={code}")

    def notice(self) -> None:
        self._say(Said.NOTICE, commands.NOTIFY_REPLY, "")

    def result(self, outcome: Outcome) -> None:
        self._say(Said.RESULT, commands.RESULT, f"ExeRtn={outcome.code}")

    def data(self, command: Command, items: Sequence[str]) -> None:
        """Records have QNs of their own, a value asked for that of the request. HJ 212-2017 附录C."""
        self._state = step(SERVING_NEXT, self._state, Said.DATA)
        session = self._session
        own = command.history or command.results in ("records", "checks")
        texts = packed(items, session.settings.edition)
        flag = session.flag(ack=False) | SPLIT_BIT * (len(texts) > 1)
        for number, cp in enumerate(texts, start=1):
            pack = (len(texts), number) if len(texts) > 1 else None
            qn = self._own_qn() if own or pack else self._message.qn
            st = command.st or session.settings.st
            self.outs.append(session.frame(command.cn, st, cp, flag, self._at, qn=qn, pack=pack))

    def _own_qn(self) -> str:
        qn = self._session.stamp(self._at)
        return qn if qn != self._message.qn else self._session.stamp(self._at)

    def _say(self, said: Said, cn: str, cp: str) -> None:
        self._state = step(SERVING_NEXT, self._state, said)
        if self._silent:
            return
        message, edition = self._message, self._session.settings.edition
        old = edition == "2005"  # its answers carry the QN inside CP
        raw = encode(
            edition=edition, qn="" if old else message.qn, st=commands.INTERACTION_ST, cn=cn, pw=message.pw,
            mn=message.mn, flag=None if old else version_bits(edition),
            cp=";".join(part for part in (f"QN={message.qn}" if old else "", cp) if part),
        )  # fmt: skip
        self.outs.append(Outgoing(raw, cn, message.qn))
