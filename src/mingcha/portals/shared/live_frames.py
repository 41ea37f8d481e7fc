"""The frames of one station as its engineer reads them: decoded, newest first, and what came since the last look."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.utils.translation import get_language

from mingcha.core.clock import beijing_day, from_us
from mingcha.core.refs import FrameRef
from mingcha.gateway import words as words_of
from mingcha.portals.shared import frames, words
from mingcha.protocol.hj212 import Decoding, commands, mask
from mingcha.protocol.hj212.verdicts import KINDS
from mingcha.store.journal import Direction, Entry, JournalReader
from mingcha.store.journal.places import Held, Places

Decodings = Callable[[str, datetime], Decoding]

SHOWN = 50  # lines of a first look
NEW_MOST = 30  # lines a look adds: 10 a second (ui.md §3.15), the rest is counted
KEPT = 200  # lines on a page that stays open
SCANNED = 20_000  # entries of all stations looked through for one look
UNITLESS = (
    "Flag",
    "EFlag",
    "SampleTime",
    "Info",
    "Cou",
)  # Cou has the unit of an amount, which no table gives
HEADER = ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF")
_BEHIND = 2**31  # after every entry of a block


@dataclass(frozen=True, slots=True)
class Problem:
    """A deviation: its word in the language of the page, what was found, and the clause."""

    code: str
    word: str
    text: str
    clause: str


@dataclass(frozen=True, slots=True)
class Item:
    """One item of CP. ``name``: of the factor, or the field itself. ``values``: (sub field, text, unit)."""

    name: str
    code: str
    values: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One frame. ``header``: fields outside CP; ``text``: the bytes with secrets hidden."""

    ref: str
    at: datetime
    sent: bool
    cn: str
    cn_name: str
    edition: str
    verdict: str
    encrypted: bool
    problems: tuple[Problem, ...]
    header: tuple[tuple[str, str], ...]
    items: tuple[Item, ...]
    text: str
    size: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a station's frames is looked at; "" is all. ``direction``: in or out."""

    mn: str
    cn: str = ""
    verdict: str = ""
    direction: str = ""

    def takes(self, line: Line) -> bool:
        direction = "out" if line.sent else "in"
        return (
            self.cn in ("", line.cn)
            and self.verdict in ("", line.verdict)
            and self.direction in ("", direction)
        )


@dataclass(frozen=True, slots=True)
class Look:
    """``cursor``: give it to the next look. ``skipped``: lines that came too fast to be shown."""

    lines: list[Line]
    cursor: str
    skipped: int = 0


def first_look(
    journal: JournalReader, wanted: Wanted, decodings: Decodings, now: datetime, places: Places | None = None
) -> Look:
    """The newest frames of the station, newest first; with ``places`` those of a long silent station too.

    Raises:
        BrokenEvidence: a block of the journal cannot be read.
    """
    heads = _heads(journal)
    found, _ = frames.recent(
        journal, now, mn=wanted.mn, received_only=False, reachable={wanted.mn}, places=places
    )
    known = ((ref, entry) for ref, entry in found if ref <= heads.get(_gateway(ref), ref))
    lines = (line for ref, entry in known if wanted.takes(line := line_of(ref, entry, decodings)))
    return Look(list(islice(lines, SHOWN)), _written(heads))


def next_look(journal: JournalReader, wanted: Wanted, decodings: Decodings, cursor: str) -> Look:
    """What came since ``cursor``, newest first. A cursor that is none begins now.

    Raises:
        BrokenEvidence: a block of the journal cannot be read.
    """
    places = _read(cursor)
    if not places:
        return Look([], _written(_heads(journal)))
    lines = []
    for ref, entry in journal.since(places, limit=SCANNED):
        places[_gateway(ref)] = ref
        if entry.mn == wanted.mn and wanted.takes(line := line_of(ref, entry, decodings)):
            lines.append(line)
    lines.reverse()
    return Look(lines[:NEW_MOST], _written(places), max(0, len(lines) - NEW_MOST))


def line_of(ref: FrameRef, entry: Entry, decodings: Decodings) -> Line:
    """One frame decoded by the settings and keys that were in force when it came."""
    at = from_us(entry.received_us)
    told = frames.described(entry.raw, decodings(entry.mn, at)) or {}
    fields: Mapping[str, Any] = told.get("fields") or {}
    cn, edition = str(fields.get("CN", "")), str(told.get("edition") or "")
    return Line(
        ref=str(ref), at=at, sent=entry.direction is Direction.OUT, cn=cn, cn_name=cn_name(cn, edition), edition=edition,
        verdict=words_of.word_of(entry.verdict) or "answer", encrypted="decrypted" in told,
        problems=_problems(told, entry.verdict),
        header=tuple((name, str(fields[name])) for name in HEADER if fields.get(name) not in (None, "")),
        items=tuple(_item(item) for item in fields.get("CP", ()) if item),
        text=frames.text_of(mask(entry.raw)), size=len(entry.raw),
    )  # fmt: skip


def _problems(told: Mapping[str, Any], verdict: str) -> tuple[Problem, ...]:
    """What decoding found, then what the gateway alone could know: wrong password, late data and the like."""
    found = [problem(p["code"], p["text"], p["clause"]) for p in told.get("problems", ())]
    known = {one.code for one in found}
    return (*found, *(problem(code) for code in words_of.codes_of(verdict) if code not in known))


def cn_name(cn: str, edition: str = "") -> str:
    """What a CN is called; "" where no edition knows it."""
    found = commands.meanings(cn, edition or None)
    return "" if not found else found[0].name_en if get_language() == "en" else found[0].name_zh


def problem(code: str, text: str = "", clause: str = "") -> Problem:
    kind = KINDS.get(code)
    if kind is None:
        chinese, english = words_of.MEANINGS.get(code, (code, code))
        return Problem(code, english if get_language() == "en" else chinese, text, clause)
    return Problem(code, kind.en if get_language() == "en" else kind.zh, text, clause or kind.clause)


def counted(deviations: Mapping[str, int]) -> list[tuple[Problem, int]]:
    """How often each deviation was met, the most frequent first."""
    return [(problem(code), n) for code, n in sorted(deviations.items(), key=lambda row: (-row[1], row[0]))]


def verdicts_held(held: Iterable[Held], wanted: Wanted, since: datetime) -> list[tuple[str, int]]:
    """How many received frames of each verdict fit ``wanted`` in the files of the journal from the day of ``since`` on."""
    first, found = f"{beijing_day(since):%Y%m%d}", Counter[str]()
    for one in held:
        if one.journal[-8:] >= first:
            for (word, cn), count in one.kinds.items():
                if (
                    word
                    and wanted.cn in ("", cn)
                    and wanted.verdict in ("", word)
                    and wanted.direction in ("", "in")
                ):
                    found[word] += count
    return found.most_common()


def verdicts(lines: Iterable[Line]) -> list[tuple[str, int]]:
    """How many received frames of each verdict are among ``lines``."""
    return Counter(line.verdict for line in lines if not line.sent).most_common()


def _item(item: Mapping[str, Any]) -> Item:
    parts = [(name.rpartition("-"), _plain(value)) for name, value in item.items()]
    codes = {code for (code, dash, _), _ in parts if dash}
    if len(codes) == 1 and all(dash for (_, dash, _), _ in parts):
        code = codes.pop()
        unit = words.factor_unit(code)
        values = tuple((sub, text, "" if sub in UNITLESS else unit) for (_, _, sub), text in parts)
        return Item(words.factor_name(code), code, values)
    names = list(item)
    return Item(
        names[0] if len(names) == 1 else "",
        "",
        tuple((n if len(names) > 1 else "", _plain(item[n]), "") for n in names),
    )


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _heads(journal: JournalReader) -> dict[str, FrameRef]:
    heads = {name: journal.head(name) for name in journal.gateways()}
    return {
        name: FrameRef(head.journal, head.block, _BEHIND) for name, head in heads.items() if head is not None
    }


def _gateway(ref: FrameRef) -> str:
    return ref.journal.rpartition("-")[0]


def _written(places: Mapping[str, FrameRef]) -> str:
    return ",".join(str(place) for _, place in sorted(places.items()))


def _read(cursor: str) -> dict[str, FrameRef]:
    try:
        found = [FrameRef.parse(text) for text in cursor.split(",") if text]
    except ValueError:
        return {}
    return {_gateway(ref): ref for ref in found}
