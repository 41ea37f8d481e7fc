"""One journal entry, and the payload that holds many. The bytes are laid down in ``FORMAT.md`` §3.

Fields stand in columns and numbers in byte planes (all lowest bytes first), because zstd finds more in
equal neighbours: 7 % fewer bytes a frame than entry after entry.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from operator import sub
from typing import NamedTuple

from mingcha.core.errors import BrokenEvidence

VERSION = 1
TEXT = ("utf-8", "surrogatepass")  # any str goes out and comes back
NOT_IN_RAW = 0xFFFF


class Direction(IntEnum):
    """Seen from us: ``IN`` was received, ``OUT`` was sent."""

    IN = 0
    OUT = 1


class Entry(NamedTuple):
    """Bytes as they passed the wire. ``received_us``: epoch microseconds (sent, where ``OUT``).

    A tuple, because a gateway makes two for each frame: a third of a frozen dataclass's cost. ``conn`` names the connection, ``mn`` the station ("" where unknown), ``verdict`` what the
    splitter and decoder said at the time ("" for what was sent).
    """

    direction: Direction
    received_us: int
    conn: str
    mn: str
    verdict: str
    raw: bytes


def encode(entries: Sequence[Entry]) -> bytes:
    """The payload of a block."""
    directions, times, of_conn, of_mn, of_verdict, raws = (
        zip(*entries, strict=True) if entries else ((), (), (), (), (), ())
    )
    conns, conn_names = _interned(of_conn)
    verdicts, verdict_names = _interned(of_verdict)
    known = {mn: mn.encode(*TEXT) for mn in set(of_mn)}
    names = [known[mn] for mn in of_mn]
    places = list(map(_place, raws, names))
    apart = [name for name, place in zip(names, places, strict=True) if place == NOT_IN_RAW]
    parts = [
        VERSION.to_bytes(1, "little"),
        len(entries).to_bytes(4, "little"),
        bytes(directions),
        _planes("q", map(sub, times, (0, *times))),
        _planes("I", conns),
        _planes("I", verdicts),
        _planes("H", places),
        _planes("H", map(len, names)),
        _planes("I", map(len, raws)),
        _strings(conn_names),
        _strings(verdict_names),
        *apart,
    ]
    return b"".join(parts) + b"".join(raws)


class Words(NamedTuple):
    """``verdict``: "" of what was sent; ``cn``: "" where the bytes have none."""

    mn: str
    verdict: str
    cn: str


def decode(payload: bytes) -> list[Entry]:
    """The entries of a payload.

    Raises:
        BrokenEvidence: the bytes do not follow the layout.
    """
    try:
        return _decode(payload)
    except (IndexError, ValueError) as error:
        raise BrokenEvidence(f"a block's payload does not follow FORMAT.md §3: {error}") from error


def _decode(payload: bytes) -> list[Entry]:
    take = _Taker(payload)
    version = take.bytes(1)[0]
    if version != VERSION:
        raise ValueError(f"payload version {version}, this code knows {VERSION}")
    count = int.from_bytes(take.bytes(4), "little")
    directions = [Direction(d) for d in take.bytes(count)]
    times = list(_running_sum(take.planes("q", count)))
    conns, verdicts = take.planes("I", count), take.planes("I", count)
    places, mn_sizes = take.planes("H", count), take.planes("H", count)
    raw_sizes = take.planes("I", count)
    conn_names, verdict_names = take.strings(), take.strings()
    apart = [
        take.bytes(size) if place == NOT_IN_RAW else None
        for place, size in zip(places, mn_sizes, strict=True)
    ]
    raws = [take.bytes(size) for size in raw_sizes]
    if take.rest:
        raise ValueError(f"{take.rest} bytes are left over")
    mns = [
        (raw[place : place + size] if name is None else name).decode(*TEXT)
        for raw, place, size, name in zip(raws, places, mn_sizes, apart, strict=True)
    ]
    return [
        Entry(directions[i], times[i], conn_names[conns[i]], mns[i], verdict_names[verdicts[i]], raws[i])
        for i in range(count)
    ]


def words(payload: bytes) -> list[Words]:
    """What each entry is by its names alone: a fraction of the work of ``decode``.

    Raises:
        BrokenEvidence: the bytes do not follow the layout.
    """
    try:
        return _words(payload)
    except (IndexError, ValueError) as error:
        raise BrokenEvidence(f"a block's payload does not follow FORMAT.md §3: {error}") from error


def cn_of(raw: bytes, start: int = 0, end: int = 2**31) -> str:
    """The four digits behind the first ``CN=``; "" where there are none."""
    at = raw.find(b"CN=", start, end) + 3
    found = raw[at : min(at + 4, end)] if at > 2 else b""
    return found.decode("ascii") if len(found) == 4 and found.isdigit() else ""


def _words(payload: bytes) -> list[Words]:
    take = _Taker(payload)
    version = take.bytes(1)[0]
    if version != VERSION:
        raise ValueError(f"payload version {version}, this code knows {VERSION}")
    count = int.from_bytes(take.bytes(4), "little")
    take.bytes(count * (1 + 8 + 4))  # directions, times, connections
    verdicts, places = take.planes("I", count), take.planes("H", count)
    sizes, raw_sizes = take.planes("H", count), take.planes("I", count)
    take.strings()
    names = take.strings()
    known: dict[bytes, str] = {}
    mns: list[bytes] = [
        take.bytes(size) if place == NOT_IN_RAW else b"" for place, size in zip(places, sizes, strict=True)
    ]
    at = len(payload) - sum(raw_sizes)
    if at != len(payload) - take.rest:
        raise ValueError(f"{take.rest} bytes of frames found, {sum(raw_sizes)} expected")
    out = []
    for mn, place, size, raw_size, verdict in zip(mns, places, sizes, raw_sizes, verdicts, strict=True):
        if place != NOT_IN_RAW and place + size > raw_size:
            raise ValueError(f"an MN at {place} of a frame of {raw_size} bytes")
        name = mn if place == NOT_IN_RAW else payload[at + place : at + place + size]
        text = known.get(name)
        if text is None:
            text = known[name] = name.decode(*TEXT)
        out.append(Words(text, names[verdict], cn_of(payload, at, at + raw_size)))
        at += raw_size
    return out


class _Taker:
    """Takes a payload apart from the front."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    @property
    def rest(self) -> int:
        return len(self._payload) - self._at

    def bytes(self, size: int) -> bytes:
        if size > self.rest:
            raise ValueError(f"{size} bytes expected at {self._at}, {self.rest} found")
        self._at += size
        return self._payload[self._at - size : self._at]

    def planes(self, code: str, count: int) -> "array[int]":
        numbers = array(code)
        planes = self.bytes(count * numbers.itemsize)
        row = bytearray(len(planes))
        for k in range(numbers.itemsize):
            row[k :: numbers.itemsize] = planes[k * count : (k + 1) * count]
        numbers.frombytes(bytes(row))
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers

    def strings(self) -> list[str]:
        count = int.from_bytes(self.bytes(4), "little")
        return [self.bytes(size).decode(*TEXT) for size in self.planes("H", count)]


def _planes(code: str, numbers: Iterable[int]) -> bytes:
    row = array(code, numbers)
    if sys.byteorder == "big":
        row.byteswap()
    plain = row.tobytes()
    return b"".join([plain[k :: row.itemsize] for k in range(row.itemsize)])


def _strings(names: Sequence[str]) -> bytes:
    encoded = [name.encode(*TEXT) for name in names]
    return len(names).to_bytes(4, "little") + _planes("H", map(len, encoded)) + b"".join(encoded)


def _interned(texts: Sequence[str]) -> tuple[list[int], list[str]]:
    ids: dict[str, int] = {}
    return [ids.setdefault(text, len(ids)) for text in texts], list(ids)


def _place(raw: bytes, mn: bytes) -> int:
    """Where the MN stands in the frame itself; there it costs nothing to keep."""
    at = raw.find(mn) if mn else 0
    return at if 0 <= at < NOT_IN_RAW else NOT_IN_RAW


def _running_sum(steps: Iterable[int]) -> Iterator[int]:
    total = 0
    for step in steps:
        total += step
        yield total
