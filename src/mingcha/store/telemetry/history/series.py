"""Series out of history: nearly every time has one row, and its columns are used as they are; times with several rows
are merged by the rule of the recent store.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mingcha.core.clock import to_us
from mingcha.core.packets import number
from mingcha.core.spans import Span
from mingcha.store.telemetry.history import decimals, readings
from mingcha.store.telemetry.history.readings import SECOND_US, flat, one_piece
from mingcha.store.telemetry.history.refs import Refs
from mingcha.store.telemetry.history.shelf import Kept, microseconds
from mingcha.store.telemetry.recent.merge import FLAG, Known, Name
from mingcha.store.telemetry.values import Series

T = TypeVar("T")
_FRAMES = ("point", "time", "seq", "delay", "journal", "block", "idx")
_VALUES = ("point", "factor", "field", "time", "seq", "mantissa", "scale", "text", "flag")


class _Frames:
    """What the values of some rows share, by place."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.times, self.seqs = readings.keys_of(table)
        delay = flat(table["delay"])
        known = delay.is_valid().to_numpy(zero_copy_only=False)
        moments = self.times * SECOND_US + delay.fill_null(0).to_numpy(zero_copy_only=False)
        self.received = np.where(known, moments, 0)
        self.refs = Refs.of_columns(*(one_piece(table[name]) for name in ("journal", "block", "idx")))

    def known_by(self, as_of: datetime) -> "_Frames":
        """Those received by then; when some came is not known, and they count."""
        keep = (self.received <= to_us(as_of)) | flat(self.table["delay"]).is_null().to_numpy(
            zero_copy_only=False
        )
        return _Frames(self.table.filter(pa.array(keep)))

    def several(self) -> NDArray[np.bool_]:
        """Whether the time of a row has other rows."""
        same = np.concatenate([[False], self.times[1:] == self.times[:-1], [False]])
        found: NDArray[np.bool_] = same[1:] | same[:-1]
        return found


def series(
    kept: Kept,
    span: Span,
    *,
    as_of: datetime | None,
    factor: str | None = None,
    fields: Collection[str] | None = None,
) -> dict[Name, Series]:
    """As ``recent.reader.series``."""
    frames = _Frames(kept.table("frames", span, columns=_FRAMES))
    if as_of is not None:
        frames = frames.known_by(as_of)
    if not len(frames.times):
        return {}
    several = frames.several()
    read = None if several.any() or fields is None else sorted(fields)
    factors = None if factor is None else [factor]
    values = kept.table("readings", span, factors=factors, fields=read, columns=_VALUES)
    found: dict[Name, list[Series]] = {}
    for name, part in chain(_single(frames, several, values), _merged(frames, several, values)):
        if fields is None or name[1] in fields:
            found.setdefault(name, []).append(part)
    return {name: joined(parts) for name, parts in found.items()}


def _places(frames: _Frames, values: pa.Table) -> NDArray[np.int64]:
    """Of each value the place of its row among ``frames``; -1 where that is not there."""
    width = int(frames.seqs.max()) + 2
    times, seqs = readings.keys_of(values)
    keys, wanted = frames.times * width + frames.seqs, times * width + np.minimum(seqs, width - 1)
    found = np.searchsorted(keys, wanted)
    found[found == len(keys)] = 0
    return np.where(keys[found] == wanted, found, -1)


def _single(frames: _Frames, several: NDArray[np.bool_], values: pa.Table) -> Iterator[tuple[Name, Series]]:
    """The fields of times that have one row."""
    places = _places(frames, values)
    alone = (places >= 0) & ~several[places]
    whole = bool(alone.all())
    for name, start, end in readings.runs(values):
        if name[1] == FLAG:
            continue
        some, at = values.slice(start, end - start), places[start:end]
        if not whole:
            keep = alone[start:end]
            some, at = some.filter(pa.array(keep)), at[keep]
        if len(at):
            yield name, _series(frames, some, at)


def _series(frames: _Frames, some: pa.Table, at: NDArray[np.int64]) -> Series:
    columns = [flat(some[name]) for name in ("mantissa", "scale", "text")]
    return Series(
        times=frames.times[at],
        values=decimals.values(*columns),
        texts=decimals.joined(*columns),
        flags=flat(some["flag"]).fill_null("").to_pylist(),
        refs=frames.refs.take(at),
        received=frames.received[at],
        versions=np.ones(len(at), dtype=np.int64),
    )


def _merged(frames: _Frames, several: NDArray[np.bool_], values: pa.Table) -> Iterator[tuple[Name, Series]]:
    """The fields of times that have several rows."""
    if not several.any():
        return
    some = frames.table.filter(pa.array(several))
    times = microseconds(values["time"])
    held = values.filter(pa.array(np.isin(times, microseconds(some["time"]))))
    places = np.flatnonzero(several)
    rows = readings.partial(held, some)
    start = 0
    while start < len(rows):
        end = start
        known = Known()
        while end < len(rows) and rows[end][0] == rows[start][0]:
            known.add(end, rows[end][1])
            end += 1
        for name, value in known.current.items():
            at = places[value.row]
            yield name, _one(frames, int(at), value.text, value.flag, known.versions[name])
        start = end


def _one(frames: _Frames, at: int, text: str, flag: str, versions: int) -> Series:
    value = number(text)
    return Series(
        times=frames.times[at : at + 1],
        values=np.array([np.nan if value is None else value]),
        texts=[text],
        flags=[flag],
        refs=frames.refs[at : at + 1],
        received=frames.received[at : at + 1],
        versions=np.array([versions], dtype=np.int64),
    )


def joined(parts: Sequence[Series]) -> Series:
    """Series of different times as one."""
    if len(parts) == 1:
        return parts[0]
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")
    places = order.tolist()

    def pick(columns: list[list[T]]) -> list[T]:
        whole = list(chain.from_iterable(columns))
        return [whole[place] for place in places]

    return Series(
        times=times[order],
        values=np.concatenate([part.values for part in parts])[order],
        texts=pick([part.texts for part in parts]),
        flags=pick([part.flags for part in parts]),
        refs=Refs.joined(part.refs for part in parts).take(order),
        received=np.concatenate([part.received for part in parts])[order],
        versions=np.concatenate([part.versions for part in parts])[order],
    )


def both(one: Mapping[Name, Series], other: Mapping[Name, Series]) -> dict[Name, Series]:
    """Two parts of a question, no time of which is in both."""
    names = dict.fromkeys((*one, *other))
    return {name: joined([part[name] for part in (one, other) if name in part]) for name in names}
