"""From the splitter's events to journal entries with a verdict, and to the answer each wants. No I/O.

Verdicts are told in ``words``. The bytes between frames (CR LF) stand in the entry of the frame before them, so that
every byte received is in exactly one entry. The entry keeps the bytes as received: ciphertext stays ciphertext.

An ``Arrival`` is a frame to which nothing is to object by its bytes. What the register says of its header is kept
in ``_known`` for each header, so that all that is left for such a frame is its clock. Everything else is reread
with the station's settings and decoded whole.
"""

from collections.abc import Sequence

from mingcha.core.clock import from_us
from mingcha.gateway.caps import Policy
from mingcha.gateway.glance import ClockGlance
from mingcha.gateway.replies import answer_as
from mingcha.gateway.stations import IGNORE, Station, Stations
from mingcha.gateway.stats import Seen, Stats
from mingcha.gateway.taken import Taken
from mingcha.gateway.words import (
    ACCEPTED,
    DEVIATING,
    EDITION_UNEXPECTED,
    LATE,
    PW_WRONG,
    QUARANTINE,
    REJECTED,
    SKIPPED,
    ST_UNEXPECTED,
    SUPPLEMENT,
    usable,
    verdict_text,
    word_of,
)
from mingcha.protocol.hj212 import (
    PLAIN,
    PLAIN_DIALECT,
    Frame,
    Message,
    Rejected,
    Skipped,
    answer,
    check_times,
    decode,
    drift_s,
    mn_of,
    reread,
)
from mingcha.protocol.hj212.codec import Arrival
from mingcha.protocol.hj212.commands import INTERACTION_ST
from mingcha.protocol.hj212.head import Head
from mingcha.store.journal import Direction, Entry

__all__ = ["QUARANTINE", "Intake", "Taken", "usable", "word_of"]

SCRAP_BYTES = 32  # less is no frame that names a station; scraps refused for one reason stand in one entry …
SCRAPS_BYTES = 4096  # … of at most this size, so that a flood of them is cheap
KNOWN_MAX = 65_536  # headers; a station has one for each command it sends
DRIFT_EVERY_US = 60_000_000  # how often a good clock is measured
_IN = Direction.IN
_HEAD_MARK = b"##"

Events = Sequence[Arrival | Frame | Rejected | Skipped]


class Known:
    """What register and dialect say of one header. ``plain``: its clean frames need no second look."""

    __slots__ = ("codes", "mn", "plain", "seen", "station", "verdict", "word")

    def __init__(self, mn: str, station: Station, word: str, codes: list[str], seen: Seen) -> None:
        self.mn = mn
        self.station = station
        self.word = word
        self.codes = codes
        self.verdict = verdict_text(word, codes)
        self.seen = seen
        self.plain = station.decoding.dialect == PLAIN_DIALECT and word != REJECTED


class Intake:
    """Judges events for one gateway and counts them."""

    def __init__(self, stations: Stations, policy: Policy, stats: Stats) -> None:
        self._stations = stations
        self._policy = policy
        self._stats = stats
        self._clock = ClockGlance(policy.late_s, policy.drift_s)
        self._known: dict[Head, Known] = {}

    def take(self, events: Events, *, received_us: int, conn: str) -> Taken:
        """What one read of a connection came to; trailing blanks are joined to the frame before them."""
        taken = Taken(received_us)
        for event in events:
            if isinstance(event, Arrival):
                self._arrival(event, taken, conn)
            elif isinstance(event, Skipped):
                self._skipped(event, taken, conn)
            else:
                self._looked_into(event, taken, conn)
        return taken

    # --- a frame beyond doubt ----------------------------------------------------------------------

    def _arrival(self, event: Arrival, taken: Taken, conn: str) -> None:
        head = event.head
        known = self._known.get(head)
        if known is None or (
            known.station is not (station := self._stations(known.mn)) and known.station != station
        ):
            known = self._learn(head)
        if known is None or not known.plain:
            self._looked_into(event.frame, taken, conn, event.raw)
            return
        received_us = taken.received_us
        raw = event.raw
        word, verdict, codes = known.word, known.verdict, known.codes
        seen = known.seen
        plain = self._clock.plain(head.cn, event.qn, event.data_time, received_us)
        if not head.supplement and (not plain or received_us - seen.drift_at_us > DRIFT_EVERY_US):
            seen.drifts(drift_s(event.message, from_us(received_us)), received_us)
        if not plain or self._clock.is_late(
            head.cn, event.data_time, received_us, known.station.decoding.dialect.minutes
        ):
            codes = [*codes, *self._time_codes(event.message, received_us, known.station)]
            word = _word(codes)
            verdict = verdict_text(word, codes)
        self._stats.frame(seen, word, codes, head.edition, received_us)
        taken.entries.append(Entry(_IN, received_us, conn, head.mn, verdict, raw))
        taken.size += len(raw)
        taken.framed()
        if event.reply is not None:
            taken.reply(head.mn, event.reply)
        taken.heard.append((known.mn, event if plain else event.message))  # of its clock the host must hear

    def _learn(self, head: Head) -> Known | None:
        """What is to be said of every clean frame with this header; None where its MN is not registered."""
        station = self._stations(head.mn) if head.mn else None
        if station is None:
            self._known.pop(head, None)
            return None
        codes = self._register_codes(station, head.pw, head.st, head.edition)
        if head.supplement:
            codes.append(SUPPLEMENT)
        refused = PW_WRONG in codes and station.refuses_bad_password
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        known = Known(
            head.mn, station, REJECTED if refused else _word(codes), codes, self._stats.station(head.mn)
        )
        self._known[head] = known
        return known

    # --- everything else ---------------------------------------------------------------------------

    def _skipped(self, event: Skipped, taken: Taken, conn: str) -> None:
        entries = taken.entries
        taken.size += len(event.raw)
        if entries:
            last = entries[-1]
            entries[-1] = Entry(
                last.direction, last.received_us, last.conn, last.mn, last.verdict, last.raw + event.raw
            )
        else:
            entries.append(Entry(_IN, taken.received_us, conn, "", SKIPPED, event.raw))
        if not taken.good:  # blanks behind a frame are its tail
            taken.refused += len(event.raw)
            taken.garbage += len(event.raw)

    def _looked_into(
        self, event: Frame | Rejected, taken: Taken, conn: str, raw: bytes | None = None
    ) -> None:
        """``raw``: what to journal where the event's own lacks the CR LF behind it."""
        raw = event.raw if raw is None else raw
        taken.size += len(raw)
        if len(raw) < SCRAP_BYTES and isinstance(event, Rejected):
            self._refused(event, None, taken, conn, raw)
            return
        station = self._station(mn_of(event))
        message = self._read(event, station)
        if isinstance(message, Message) and (meant := self._station(message.mn)) is not station:
            station = meant  # the bytes named another MN before the field itself
            message = self._read(event, station)
        if isinstance(message, Rejected):
            self._refused(message, station, taken, conn, raw)
            return
        codes = [problem.code for problem in message.problems]
        word = str(message.verdict)
        if word != REJECTED:
            word = self._against_register(message, station, taken.received_us, codes)
        seen = None
        if station is not None:
            seen = self._stats.station(message.mn)
            if not message.supplement:
                seen.drifts(drift_s(message, from_us(taken.received_us)), taken.received_us)
        self._stats.frame(seen, word, codes, message.edition, taken.received_us)
        taken.entries.append(Entry(_IN, taken.received_us, conn, message.mn, verdict_text(word, codes), raw))
        taken.framed()
        self._respond(message, station, word, taken)

    def _read(self, event: Frame | Rejected, station: Station | None) -> Rejected | Message:
        """What the station's settings make of the event."""
        decoding = PLAIN if station is None else station.decoding
        found = reread(event, decoding)
        return found if isinstance(found, Rejected) else decode(found, dialect=decoding.dialect)

    def _refused(self, event: Rejected, station: Station | None, taken: Taken, conn: str, raw: bytes) -> None:
        """Bytes that are no acceptable frame. They are kept under the MN they claim only where it is registered."""
        code = event.problem.code
        self._stats.refused(code, None if station is None else self._stats.station(station.mn))
        mn = "" if station is None else station.mn
        entry = Entry(_IN, taken.received_us, conn, mn, f"{REJECTED}:{code}", raw)
        last = taken.entries[-1] if taken.entries and len(raw) < SCRAP_BYTES else None
        if last is not None and len(last.raw) < SCRAPS_BYTES and last[:-1] == entry[:-1]:
            taken.entries[-1] = Entry(*last[:-1], last.raw + raw)
        else:
            taken.entries.append(entry)
        taken.good = False
        taken.refused += len(raw)
        if raw.startswith(_HEAD_MARK):
            taken.garbage, taken.cleared = 0, True
        else:
            taken.garbage += len(raw)

    def _respond(self, message: Message, station: Station | None, word: str, taken: Taken) -> None:
        if word in {ACCEPTED, DEVIATING} and station is not None:
            taken.heard.append((message.mn, message))
            reply = answer_as(message, station.decoding.dialect)
        elif word != QUARANTINE:
            return
        elif _is_newcomer(message):
            taken.newcomers = (*taken.newcomers, message)
            reply = answer(message)
        else:
            taken.strangers = (*taken.strangers, message.mn)
            reply = answer(message) if self._policy.ack_unknown else None
        if reply is not None:
            taken.reply(message.mn, reply)

    def _station(self, mn: str) -> Station | None:
        return (self._stations(mn) or self._stations(mn.upper())) if mn else None

    def _against_register(
        self, message: Message, station: Station | None, received_us: int, codes: list[str]
    ) -> str:
        """The word that register and clock leave; adds the codes of what they object to. HJ 212 guide §12.2."""
        if station is None:
            return QUARANTINE
        codes += self._register_codes(station, message.pw, message.st, message.edition)
        if PW_WRONG in codes and station.refuses_bad_password:
            return REJECTED
        codes += self._time_codes(message, received_us, station)
        if message.supplement:
            codes.append(SUPPLEMENT)
        return _word(codes)

    def _register_codes(self, station: Station, pw: str, st: str, edition: str | None) -> list[str]:
        codes = []
        if not station.knows(pw) and (
            station.decoding.dialect.password != IGNORE or station.reject_bad_password
        ):
            codes.append(PW_WRONG)
        if station.sts and st not in station.sts and st != INTERACTION_ST:
            codes.append(ST_UNEXPECTED)
        if station.edition is not None and edition != station.edition:
            codes.append(EDITION_UNEXPECTED)
        return codes

    def _time_codes(self, message: Message, received_us: int, station: Station) -> list[str]:
        codes = [problem.code for problem in check_times(message, from_us(received_us))]
        data_time = message.field("DataTime")
        if data_time is not None and self._clock.is_late(
            message.cn, data_time[:14], received_us, station.decoding.dialect.minutes
        ):
            codes.append(LATE)
        return codes


def _word(codes: Sequence[str]) -> str:
    """``late`` and ``supplement`` are marks, no deviations."""
    return DEVIATING if any(code not in {LATE, SUPPLEMENT} for code in codes) else ACCEPTED


def _is_newcomer(message: Message) -> bool:
    """HJ 212-2025: a logger to which no MN was given yet (it sends 1001); empty, or of zeros as some send it."""
    return message.edition == "2025" and not message.mn.strip("0")
