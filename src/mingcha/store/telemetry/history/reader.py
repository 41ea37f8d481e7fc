"""Questions that both the recent store and history answer: the part of history, and how the two are joined.

Everything is asked inside one ``reading()`` (or ``writing()``) of the recent store, see ``pointers``.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from mingcha.core.clock import from_us
from mingcha.core.spans import Span
from mingcha.store.telemetry.history import pointers
from mingcha.store.telemetry.history.layout import RESULTS, bucket_of
from mingcha.store.telemetry.history.shelf import Kept, Shelf, months_wide
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.merge import FLAG, Known, Name
from mingcha.store.telemetry.values import RawRow, ValueVersion

T = TypeVar("T")


def kept(
    session: Session,
    shelf: Shelf,
    generation: str,
    buckets: int,
    kind: str,
    name: str,
    span: Span | None = None,
) -> Kept | None:
    """What history holds of a name and kind in the months of ``span``; None where that is nothing."""
    sealed = pointers.of_bucket(session, kind, bucket_of(name, buckets), months_wide(span))
    if not sealed:
        return None
    return Kept(shelf, generation, name, kind, sealed, pointers.reopened(session, kind, name))


def everything(
    session: Session, shelf: Shelf, generation: str, buckets: int, names: Iterable[str], kinds: Iterable[str]
) -> Iterator[Kept]:
    """By name, and for each by kind in the order given; what tells them apart is read at once, before the first."""
    sealed: dict[tuple[str, int], list[pointers.Sealed]] = {}
    for one in pointers.everything(session):
        sealed.setdefault((one.partition.kind, one.partition.bucket), []).append(one)
    masked: dict[tuple[str, str], list[int]] = {}
    for kind, name, day in pointers.all_reopened(session):
        masked.setdefault((kind, name), []).append(day)
    order = list(kinds)
    for name in names:
        for kind in order:
            found = sealed.get((kind, bucket_of(name, buckets)))
            if found:
                yield Kept(shelf, generation, name, kind, found, masked.get((kind, name), ()))


def kinds_of_readings(session: Session) -> list[str]:
    """Kinds of readings that history has, by number."""
    return sorted(pointers.kinds(session) - RESULTS.keys(), key=int)


def versions(rows: Iterable[RawRow], factor: str) -> list[ValueVersion]:
    """As ``recent.reader.history``: every version of every field of a factor, of the rows of one time."""
    known = Known()
    found: list[tuple[Name, int, Callable[[bool], ValueVersion]]] = []
    for seq, row in enumerate(rows):
        before = dict(known.versions)
        known.add(seq, row.content)
        for name, count in known.versions.items():
            if name[0] == factor and count != before.get(name, 0):
                found.append(
                    (
                        name,
                        seq,
                        _version(row, name[1], known.newest[name], known.newest.get((factor, FLAG), "")),
                    )
                )
    return [make(known.current[name].row == seq) for name, seq, make in found]


def _version(row: RawRow, field: str, text: str, flag: str) -> Callable[[bool], ValueVersion]:
    received = None if row.received_us is None else from_us(row.received_us)
    return lambda current: ValueVersion(field, text, flag, row.ref, received, row.qn, row.supplement, current)
