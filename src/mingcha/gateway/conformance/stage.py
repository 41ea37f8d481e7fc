"""Where cases are played: the line, what is known of the peer, and the two things to do, ask and say.

As host we answer every upload that wants it unless a case withholds that; as logger we carry out what the host asks.
Answers are looked for generously (another QN, up to twice the time-out), so that one fault of a peer shows in the one
case that is about it and not in all of them; ``pairs`` and ``asked`` keep what the cases about answers look at.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mingcha.core.clock import now
from mingcha.gateway.conformance.log import Log, Seen
from mingcha.gateway.conformance.settings import Settings
from mingcha.gateway.host.asking import Stamp
from mingcha.gateway.simulator.commands import PlantPort
from mingcha.gateway.simulator.fleet import mn_of
from mingcha.gateway.simulator.plant import Profile
from mingcha.protocol import hj212
from mingcha.protocol.hj212 import Decoding, Message, commands
from mingcha.protocol.hj212.exchanges import (
    COMMANDS,
    Exchange,
    KeyRing,
    LoggerSession,
    LoggerSettings,
    Result,
    State,
    request,
    results_of,
)

DEFAULT_ST = "32"
FACTORS = {
    "31": {"2005": "02", "": "a21026"},
    "32": {"2005": "011", "": "w01018"},
}  # asked for where none was seen
KIND_OF_ST = {"31": "coal_boiler", "32": "sewage_plant"}
SEGMENT_S = 0.03  # between the pieces of a frame, so that each goes in a segment of its own


@dataclass(slots=True)
class Asked:
    """A request of ours and everything that answered it. ``tolerated``: answers under another QN count as well."""

    exchange: Exchange
    sent: Seen
    reply: Seen | None = None
    data: list[Seen] = field(default_factory=list)
    result: Seen | None = None
    mark: int = 0

    @property
    def code(self) -> str:
        """QnRtn; "" for a 9013 or where nothing came."""
        return _field(self.reply, "QnRtn")

    @property
    def result_code(self) -> str:
        return _field(self.result, "ExeRtn")

    @property
    def frames(self) -> tuple[Seen | None, ...]:
        return (self.sent, self.reply, *self.data[:3], self.result)

    @property
    def results(self) -> list[Result]:
        command = COMMANDS[self.exchange.command]
        return [r for one in self.data if one.message is not None for r in results_of(command, one.message)]


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A message of ours and its answer, and which CN that may have."""

    sent: Seen
    answer: Seen
    expected: frozenset[str]


class Stage:
    """One run. ``write``: puts bytes on the line, set by whoever owns the socket; ``cut`` breaks it."""

    write: Callable[[bytes], Awaitable[None]]
    cut: Callable[[], None]

    def __init__(self, settings: Settings, log: Log) -> None:
        self.settings = settings
        self.log = log
        self.edition = settings.edition or "2017"
        self.mn, self.pw, self.st = settings.mn, settings.password, settings.st
        self.keys: tuple[bytes, ...] = (settings.key,) if settings.key else ()
        self.asked: list[Asked] = []
        self.pairs: list[Pair] = []
        self.acked: dict[str, float] = {}  # QN of an upload → when we acknowledged it
        self.withhold: Callable[[Message], bool] = nothing
        self.wrong: set[str] = (
            set()
        )  # QN of requests that were wrong on purpose: their answers copy what was wrong
        self._qns: set[str] = set()
        self._stamp = Stamp()
        self.session = self._session()

    # --- what is known -----------------------------------------------------------------------------

    def decoding(self) -> Decoding:
        return Decoding(keys=self.keys)

    def learn(self, message: Message) -> None:
        """What the peer says of itself counts where nobody told us."""
        self.edition = self.settings.edition or message.edition or self.edition
        self.mn = self.mn or message.mn
        self.pw = self.pw or message.pw
        if not self.st and message.st != commands.INTERACTION_ST:
            self.st = message.st

    @property
    def factor(self) -> str:
        """A factor of the peer: the first of its uploads, else the usual one."""
        for one in self.log.received():
            if one.message is not None and one.cn in ("2011", "2051", "2061"):
                for name, _ in one.message.fields:
                    code, dash, _ = name.partition("-")
                    if dash:
                        return code
        usual = FACTORS.get(self.st, FACTORS[DEFAULT_ST])
        return usual.get(self.edition, usual[""])

    def qn(self) -> str:
        text = self._stamp.next(now())
        self._qns.add(text)
        return text

    def _session(self) -> LoggerSession:
        """The logger that we are: it carries out what a host asks."""
        st = self.settings.st or DEFAULT_ST
        mn = self.settings.mn or mn_of(0, self.edition)
        profile = Profile(mn, KIND_OF_ST.get(st, KIND_OF_ST[DEFAULT_ST]), password=self.settings.password)
        known = LoggerSettings(
            mn, self.settings.password, edition=self.edition, sts=(), encrypt=bool(self.keys),
            keys=KeyRing(self.keys[0], now()) if self.keys else KeyRing(),
        )  # fmt: skip
        return LoggerSession(known, PlantPort(profile, known))

    # --- what goes back at once --------------------------------------------------------------------

    def respond(self, message: Message) -> bytes:
        answer = self._as_host(message) if self.settings.tested == "logger" else self._as_logger(message)
        if answer:
            self.sent(answer)
        return answer

    def _as_host(self, message: Message) -> bytes:
        answer = None if self.withhold(message) else hj212.answer(message)
        if answer is None:
            return b""
        self.acked.setdefault(message.qn or message.field("QN") or "", self.log.time())
        return answer

    def _as_logger(self, message: Message) -> bytes:
        if message.cn in commands.REPLIES or self.withhold(message):
            return b""
        outs = self.session.heard(message, now(), self.log.time())
        self.pw = self.session.settings.password
        return b"".join(out.raw for out in outs)

    # --- doing -------------------------------------------------------------------------------------

    def sent(self, raw: bytes, *, plain: bytes | None = None) -> Seen:
        """Note what leaves; ``plain``: the same before it was encrypted."""
        frame = hj212.frame_of(raw if plain is None else plain)
        message = hj212.decode(frame) if frame is not None else None
        return self.log.add(raw, sent=True, message=message, plain=plain is not None)

    def request(self, name: str, values: Mapping[str, object] | None = None, **changed: str) -> Exchange:
        """A command of ours to this logger. ``changed``: pw, mn, st."""
        given = {
            "edition": self.edition,
            "qn": self.qn(),
            "st": self.st or DEFAULT_ST,
            "pw": self.pw,
            "mn": self.mn,
        }
        key = self.keys[0] if self.keys else None
        return request(name, **{**given, **changed}, values=values, key=key)

    async def do(self, name: str, values: Mapping[str, object] | None = None, **changed: str) -> Asked:
        """Ask the command ``name`` in its ordinary form."""
        return await self.ask(self.request(name, values, **changed))

    async def put(self, writes: Sequence[bytes]) -> None:
        """Each of ``writes`` in a segment of its own."""
        for number, part in enumerate(writes):
            if number:
                await asyncio.sleep(SEGMENT_S)
            await self.write(part)

    async def ask(
        self, exchange: Exchange, *, writes: Sequence[bytes] | None = None, note: bool = True
    ) -> Asked:
        """Send a request and gather its answers, until 9012 or silence.

        Raises:
            Gone: the connection was lost meanwhile.
        """
        asked = Asked(exchange, self.sent(exchange.raw), mark=self.log.mark())
        if note:
            self.asked.append(asked)
        await self.put(writes or (exchange.raw,))
        wanted = self._wanted(exchange.qn, (commands.REQUEST_REPLY, commands.NOTIFY_REPLY, commands.RESULT))
        first = await self.log.find(wanted, since=asked.mark, within=2 * self.settings.timeout_s)
        if first is None:
            return asked
        if first.cn == commands.RESULT:  # overtook its 9011, or there was none
            asked.result = first
            asked.reply = self._earlier(asked, commands.REQUEST_REPLY)
        else:
            asked.reply = first
            if note:
                self.pairs.append(
                    Pair(asked.sent, first, frozenset({commands.REQUEST_REPLY, commands.NOTIFY_REPLY}))
                )
        if first.cn != commands.NOTIFY_REPLY and asked.code in ("1", ""):
            await self._gather(asked)
        return asked

    async def _gather(self, asked: Asked) -> None:
        """Data and 9012: each may take ``result_s`` after the one before it."""
        running = replace(asked.exchange, state=State.RUNNING)
        result = self._wanted(asked.exchange.qn, (commands.RESULT,))
        place = asked.mark
        while asked.result is None:
            found = await self.log.find(
                lambda one: result(one) or _is_data(running, one), since=place, within=self.settings.result_s
            )
            if found is None:
                break
            place = self.log.seen.index(found, place) + 1
            if result(found):
                asked.result = found
        end = asked.result or (self.log.seen[-1] if self.log.seen else None)
        last = self.log.seen.index(end) if end is not None else 0
        asked.data = [
            one for one in self.log.seen[asked.mark : last + 1] if not one.sent and _is_data(running, one)
        ]

    def _earlier(self, asked: Asked, cn: str) -> Seen | None:
        return next((one for one in self.log.received(asked.mark) if one.cn == cn), None)

    async def say(
        self, raw: bytes, *, writes: Sequence[bytes] | None = None, plain: bytes | None = None,
        within: float | None = None, note: bool = True, strict: bool = False,
    ) -> tuple[Seen, Seen | None]:  # fmt: skip
        """Send an upload or notify and wait for its answer. ``strict``: only one with its QN counts.

        Raises:
            Gone: the connection was lost meanwhile.
        """
        mark = self.log.mark()
        sent = self.sent(raw, plain=plain)
        await self.put(writes or (raw,))
        wait = 2 * self.settings.timeout_s if within is None else within
        answers = (commands.DATA_REPLY, commands.NOTIFY_REPLY)
        match = _exactly(sent.qn, answers) if strict else self._wanted(sent.qn, answers)
        answer = await self.log.find(match, since=mark, within=wait)
        if answer is not None and note:
            self.pairs.append(Pair(sent, answer, frozenset(answers)))
        return sent, answer

    def _wanted(self, qn: str, cns: Sequence[str]) -> Callable[[Seen], bool]:
        """Answers with our QN, or with one that we never gave: those are ours with a fault."""
        before = self._qns - {qn}
        return lambda one: one.cn in cns and one.qn not in before

    def knows(self, qn: str) -> bool:
        return qn in self._qns


def nothing(_: Message) -> bool:
    return False


def _exactly(qn: str, cns: Sequence[str]) -> Callable[[Seen], bool]:
    return lambda one: one.cn in cns and one.qn == qn


def _is_data(running: Exchange, one: Seen) -> bool:
    found = running.read(one.message) if one.message is not None else None
    return found is not None and found[0] == "data"


def _field(one: Seen | None, name: str) -> str:
    return (one.message.field(name) or "") if one is not None and one.message is not None else ""
