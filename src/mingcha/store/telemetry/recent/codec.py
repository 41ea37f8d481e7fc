"""How names and texts are put into columns, and how local ids are kept short."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from mingcha.core.refs import FrameRef
from mingcha.store.telemetry.errors import BadValue
from mingcha.store.telemetry.recent.engine import Database
from mingcha.store.telemetry.recent.merge import FLAG, Content, Name

_EDITIONS = ("", "2005", "2017", "2025")
_SEPARATOR = "\t"
_AS_JSON = "\x01"  # opens a body whose texts hold the separator, or NUL, which PostgreSQL has no text for
_AS_JSON_2 = "\0"  # the same, as written until schema version 2


def body_of(texts: Sequence[str]) -> str:
    """Texts as one body."""
    body = _SEPARATOR.join(texts)
    if body.count(_SEPARATOR) != len(texts) - 1 or body[:1] == _AS_JSON or "\0" in body:
        return _AS_JSON + json.dumps(texts)
    return body


def texts_of(body: str) -> list[str]:
    """The texts of a body."""
    if body[:1] in (_AS_JSON, _AS_JSON_2):
        return list(json.loads(body[1:]))
    return body.split(_SEPARATOR)


def storable(text: str) -> str:
    """``text`` with what UTF-8 cannot hold (halves of surrogate pairs) spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def storable_name(name: str) -> str:
    """``name`` with what no engine can compare spelled out."""
    return storable(name).replace("\0", "\\x00")


def storable_content(content: Content) -> Content:
    """``content`` with names and texts that UTF-8 can hold."""
    return {(storable(factor), storable(name)): storable(text) for (factor, name), text in content.items()}


def is_plain(content: Content) -> bool:
    """True for ASCII throughout: nearly every frame, and storable as it is."""
    return all(map(str.isascii, chain.from_iterable(content))) and "".join(content.values()).isascii()


@dataclass(frozen=True, slots=True)
class Layout:
    """The names of a row's texts. ``flags`` are names that all have the text ``common``, which the body
    leaves out: nearly every frame has the one flag N throughout.
    """

    names: tuple[Name, ...]
    flags: tuple[Name, ...] = ()
    common: str = ""

    def text(self) -> str:
        """The form kept in the table of names."""
        return json.dumps([self.names, self.flags, self.common], separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> "Layout":
        names, flags, common = json.loads(text)
        return cls(tuple(map(tuple, names)), tuple(map(tuple, flags)), common)

    def content(self, body: str) -> Content:
        """Texts by name."""
        content = dict(zip(self.names, texts_of(body), strict=True))
        if self.flags:
            content.update(dict.fromkeys(self.flags, self.common))
        return content


def packed(content: Content) -> tuple[Layout, str]:
    """Layout and body of a row."""
    flags = {name: text for name, text in content.items() if name[1] == FLAG}
    common = next(iter(flags.values()), "")
    if len(common) != 1 or any(text != common for text in flags.values()):
        return Layout(tuple(content)), body_of(list(content.values()))
    rest = {name: text for name, text in content.items() if name not in flags}
    return Layout(tuple(rest), tuple(flags), common), body_of(list(rest.values()))


def kind_of(cn: str) -> int:
    """The kind as number.

    Raises:
        BadValue: ``cn`` is no command number.
    """
    if not (cn.isascii() and cn.isdigit() and len(cn) <= 6) or (cn[0] == "0"):
        raise BadValue(f"kind {cn!r}: expected a command number such as 2011")
    return int(cn)


def qn_of(qn: str) -> int | str:
    """17 digits as a number (8 bytes for 17); anything else as text."""
    return int(qn) if len(qn) == 17 and qn.isascii() and qn.isdigit() and qn[0] != "0" else storable_name(qn)


def note_of(edition: str, supplement: bool) -> int:
    """Edition and RF in one small number.

    Raises:
        BadValue: the edition is unknown.
    """
    try:
        return _EDITIONS.index(edition) * 2 + supplement
    except ValueError:
        raise BadValue(f"edition {edition!r}: expected one of {', '.join(filter(None, _EDITIONS))}") from None


def edition_of(note: int) -> str:
    return _EDITIONS[note >> 1]


def supplement_of(note: int) -> bool:
    return bool(note & 1)


class Interned:
    """Short ids of one sort of names, remembered in both directions."""

    def __init__(self, sort: str) -> None:
        self._sort = sort
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def clear(self) -> None:
        self._ids.clear()
        self._names.clear()

    def id(self, db: Database, name: str) -> int:
        """The id of ``name``; where it has none, a new one inside the running transaction."""
        known = self.find(db, name)
        if known is None:
            added = db.execute(
                "INSERT INTO names (sort, name) VALUES (?, ?) RETURNING id", (self._sort, storable_name(name))
            )
            known = self._ids[name] = int(added.fetchone()[0])
        return known

    def find(self, db: Database, name: str) -> int | None:
        """The id of ``name``, or None."""
        known = self._ids.get(name)
        if known is None:
            row = db.execute(
                "SELECT id FROM names WHERE sort = ? AND name = ?", (self._sort, storable_name(name))
            ).fetchone()
            if row is not None:
                known = self._ids[name] = row[0]
        return known

    def name(self, db: Database, number: int) -> str:
        """The name of an id."""
        if number not in self._names:
            self._names[number] = db.execute("SELECT name FROM names WHERE id = ?", (number,)).fetchone()[0]
        return self._names[number]


class Ids:
    """All interned names of one connection."""

    def __init__(self) -> None:
        self.points = Interned("point")
        self.journals = Interned("journal")
        self.layouts = Interned("layout")
        self.outlets = Interned("outlet")
        self._layouts: dict[int, Layout] = {}

    def clear(self) -> None:
        for table in (self.points, self.journals, self.layouts, self.outlets):
            table.clear()
        self._layouts.clear()

    def content(self, db: Database, layout: int, body: str) -> Content:
        """What a row says."""
        return self.layout(db, layout).content(body)

    def layout(self, db: Database, number: int) -> Layout:
        """The layout of a number."""
        known = self._layouts.get(number)
        if known is None:
            known = self._layouts[number] = Layout.parse(self.layouts.name(db, number))
        return known

    def ref(self, db: Database, journal: Any, block: Any, idx: Any) -> FrameRef | None:
        """The ref of a row's three columns."""
        return None if journal is None else FrameRef(self.journals.name(db, journal), block, idx)
