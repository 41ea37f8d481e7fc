"""Which of several dated rows holds when: of two that cover a moment the one that began later does.

So a closed row gives back to the open one below it, an earlier date never overrules a later one, and the result does
not depend on the order in which rows were entered.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar

from mingcha.core.facts import Setting

R = TypeVar("R")  # a row: ``valid_from``, ``valid_to`` (exclusive, None = open)


class Part(NamedTuple, Generic[R]):
    """From ``start`` to ``end`` (None = open) ``row`` holds."""

    start: datetime
    end: datetime | None
    row: R


def parts(rows: Sequence[R]) -> list[Part[R]]:
    """When each row holds: parts in order of time, no two overlapping; where no row holds there is none."""
    if len(rows) == 1:
        return [Part(_start(rows[0]), _end(rows[0]), rows[0])]
    found: list[Part[R]] = []
    for start, end in _steps(rows):
        held = [row for row in rows if _covers(row, start)]
        if not held:
            continue
        row = max(held, key=_start)
        if found and found[-1].row is row and found[-1].end == start:
            found[-1] = Part(found[-1].start, end, row)
        else:
            found.append(Part(start, end, row))
    return found


def _start(row: Any) -> datetime:
    found: datetime = row.valid_from
    return found


def _end(row: Any) -> datetime | None:
    found: datetime | None = row.valid_to
    return found


def _covers(row: object, moment: datetime) -> bool:
    end = _end(row)
    return _start(row) <= moment and (end is None or moment < end)


def _steps(rows: Iterable[object]) -> list[tuple[datetime, datetime | None]]:
    """The moments at which anything begins or ends, pairwise; the last is open."""
    ends = {end for row in rows if (end := _end(row)) is not None}
    ordered = sorted({_start(row) for row in rows} | ends)
    return [*pairwise(ordered), *((last, None) for last in ordered[-1:])]


def laid_over(above: Sequence[Setting], below: Sequence[Setting]) -> list[Setting]:
    """Settings of one factor: ``above`` where it holds, its empty figures taken from ``below``; ``below`` elsewhere.

    Each of the two is in order and without overlap; so is the result.
    """
    if not above:
        return list(below)
    moments = sorted({m for s in (*above, *below) for m in (s.start, s.end) if m is not None})
    found: list[Setting] = []
    for start, end in [*pairwise(moments), (moments[-1], None)]:
        made = _joined(_at(above, start), _at(below, start))
        if made is not None:
            _append(found, replace(made, start=start, end=end))
    return found


def _at(settings: Sequence[Setting], moment: datetime) -> Setting | None:
    return next((s for s in settings if s.holds_at(moment)), None)


def _joined(above: Setting | None, below: Setting | None) -> Setting | None:
    if above is None or below is None:
        return above or below
    return replace(
        above,
        resolution=_first(above.resolution, below.resolution),
        detection_limit=_first(above.detection_limit, below.detection_limit),
        range_top=_first(above.range_top, below.range_top),
        cycle_s=_first(above.cycle_s, below.cycle_s),
        reference_o2=_first(above.reference_o2, below.reference_o2),
    )


T = TypeVar("T")


def _first(above: T | None, below: T | None) -> T | None:
    return below if above is None else above


def _append(found: list[Setting], made: Setting) -> None:
    """Add ``made``, or let the last one run on where it says the same."""
    last = found[-1] if found else None
    if last is not None and last.end == made.start and replace(last, start=made.start, end=made.end) == made:
        found[-1] = replace(last, end=made.end)
    else:
        found.append(made)


def grouped(rows: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    """``rows`` by ``key``, in the order they come."""
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
