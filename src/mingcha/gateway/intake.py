"""From the splitter's events to journal entries with a verdict, and to the answer each wants. No I/O.

Verdicts are ``word`` or ``word:code,code``: accepted · deviating (kept and used, problems counted) ·
rejected (kept, not used, not answered) · quarantine (MN not registered: kept, not used, not answered
unless ``Policy.ack_unknown``) · skipped (bytes between frames). Codes are those of
``protocol.hj212.verdicts`` and the two below. The bytes between frames (CR LF) stand in the entry of the frame before
them, so that every byte received is in exactly one entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mingcha.core.clock import format_digits, from_us
from mingcha.core.packets import HOUR
from mingcha.gateway.caps import Policy
from mingcha.gateway.stations import Station, Stations
from mingcha.gateway.stats import Stats
from mingcha.protocol.hj212 import Event, Frame, Message, Rejected, Skipped, answer, check_times, decode
from mingcha.protocol.hj212.commands import INTERACTION_ST
from mingcha.protocol.hj212.limits import DRIFT_WARN_S
from mingcha.store.journal import Direction, Entry

ACCEPTED, DEVIATING, REJECTED, QUARANTINE, SKIPPED = (
    "accepted",
    "deviating",
    "rejected",
    "quarantine",
    "skipped",
)
PW_WRONG = "pw_wrong"
ST_UNEXPECTED = "st_unexpected"


def word_of(verdict: str) -> str:
    """The word of a verdict without its problem codes."""
    return verdict.partition(":")[0]


def usable(verdict: str) -> bool:
    """Whether readings are taken from a frame with this verdict."""
    return word_of(verdict) in {ACCEPTED, DEVIATING}


@dataclass(frozen=True, slots=True)
class Taken:
    """One entry to be journalled. ``reply``: to be sent once it is durable. ``message``: of a usable frame."""

    entry: Entry
    reply: bytes | None = None
    message: Message | None = None


class Intake:
    """Judges events for one gateway and counts them."""

    def __init__(self, stations: Stations, policy: Policy, stats: Stats) -> None:
        self._stations = stations
        self._policy = policy
        self._stats = stats
        self._clock = ClockGlance()

    def take(self, events: Sequence[Event], *, received_us: int, conn: str) -> list[Taken]:
        """One ``Taken`` for each event, in order; trailing blanks joined to the frame before them."""
        out: list[Taken] = []
        for event in events:
            if isinstance(event, Frame):
                out.append(self._frame(event, received_us, conn))
            elif isinstance(event, Skipped) and out:
                before = out[-1]
                out[-1] = Taken(_longer(before.entry, event.raw), before.reply, before.message)
            else:
                out.append(self._other(event, received_us, conn))
        return out

    def _other(self, event: Rejected | Skipped, received_us: int, conn: str) -> Taken:
        if isinstance(event, Skipped):
            return Taken(Entry(Direction.IN, received_us, conn, "", SKIPPED, event.raw))
        self._stats.problems[event.problem.code] += 1
        self._stats.verdicts[REJECTED] += 1
        return Taken(
            Entry(Direction.IN, received_us, conn, "", f"{REJECTED}:{event.problem.code}", event.raw)
        )

    def _frame(self, frame: Frame, received_us: int, conn: str) -> Taken:
        message = decode(frame)
        station = self._station(message.mn)
        codes = [problem.code for problem in message.problems]
        word = str(message.verdict)
        if word != REJECTED:
            word = self._against_register(message, station, received_us, codes)
        self._count(message.mn, word, codes, received_us)
        verdict = f"{word}:{','.join(dict.fromkeys(codes))}" if codes else word
        entry = Entry(Direction.IN, received_us, conn, message.mn, verdict, frame.raw)
        if word in {ACCEPTED, DEVIATING}:
            return Taken(entry, answer(message), message)
        if word == QUARANTINE and self._policy.ack_unknown:
            return Taken(entry, answer(message))
        return Taken(entry)

    def _station(self, mn: str) -> Station | None:
        return (self._stations(mn) or self._stations(mn.upper())) if mn else None

    def _against_register(
        self, message: Message, station: Station | None, received_us: int, codes: list[str]
    ) -> str:
        """The word that register and clock leave; adds the codes of what they object to. HJ 212 guide §12.2."""
        if station is None:
            return QUARANTINE
        if station.password and message.pw != station.password:
            codes.append(PW_WRONG)
            if station.reject_bad_password:
                return REJECTED
        if station.sts and message.st not in station.sts and message.st != INTERACTION_ST:
            codes.append(ST_UNEXPECTED)
        if not self._clock.plain(message, received_us):
            codes += [problem.code for problem in check_times(message, from_us(received_us))]
        return DEVIATING if codes else ACCEPTED

    def _count(self, mn: str, word: str, codes: Sequence[str], received_us: int) -> None:
        stats = self._stats
        stats.frames += 1
        stats.verdicts[word] += 1
        for code in codes:
            stats.problems[code] += 1
        if word in {ACCEPTED, DEVIATING}:
            stats.last_seen_us[mn] = received_us


def _longer(entry: Entry, more: bytes) -> Entry:
    return Entry(entry.direction, entry.received_us, entry.conn, entry.mn, entry.verdict, entry.raw + more)


class ClockGlance:
    """Tells in a microsecond that a frame's times are beyond doubt, so that ``check_times`` need not read them.

    Times of 14 and 17 digits sort as text. The window is made once a second and is narrower by that second;
    where it says no, ``check_times`` decides.
    """

    __slots__ = ("_early", "_late", "_second")

    def __init__(self) -> None:
        self._second = -1
        self._early = self._late = ""

    def plain(self, message: Message, received_us: int) -> bool:
        """QN within the warning limit, DataTime not ahead of it, and no hour, which needs a closer look."""
        second = received_us // 1_000_000
        if second != self._second:
            self._second = second
            self._early = format_digits(from_us((second - DRIFT_WARN_S + 2) * 1_000_000))
            self._late = format_digits(from_us((second + DRIFT_WARN_S - 2) * 1_000_000))
        qn = message.qn
        if len(qn) != 17 or not self._early <= qn <= self._late or message.cn == HOUR:
            return False
        time = message.field("DataTime")
        return time is None or (len(time) == 14 and time <= self._late)
