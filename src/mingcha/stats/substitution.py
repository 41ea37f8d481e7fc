"""Substitution of hourly emissions of gas (排放量修约), R-75-12.3. Emissions only: concentrations are never filled.

A *run* is a stretch of neighbouring invalid hours; a stopped hour or a valid one ends it.
Its length decides the look-back for all of it. It is given out in parts where the quarter or the table changes,
because each quarter has its own capture rate and each table its own anchor:

- table 5 (out of control, calibration overdue): the hours before the last calibration before the run;
- table 6 (fault, repair, planned maintenance and calibration, all else): the hours before the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from mingcha.core.clock import HOUR_S, beijing_day, from_epoch
from mingcha.stats.capture import Capture, quarter_of
from mingcha.stats.codes import Mask, Places, Times, Values


@dataclass(frozen=True, slots=True)
class SubstitutionLaw:
    """Per cent of the quarterly capture rate, hours of a run, hours of look-back; ``max_missing``: a share."""

    good_capture: float = 90.0
    least_capture: float = 75.0
    short_run_h: int = 24
    short_look_back_h: int = 180
    long_look_back_h: int = 720
    poor_look_back_h: int = 2160
    max_missing: float = 0.25


class Table(IntEnum):
    """Which table of HJ 75 an invalid hour falls under."""

    OUT_OF_CONTROL = 5
    OTHER = 6


class Status(StrEnum):
    """``NO_SUBSTITUTION``: the capture rate is below the least. ``NO_HISTORY``: no valid hour before the anchor."""

    SUBSTITUTED = "substituted"
    NO_SUBSTITUTION = "no_substitution"
    NO_HISTORY = "no_history"


@dataclass(frozen=True, slots=True, eq=False)
class GasHours:
    """Every hour of a span, of one factor, in order. ``emissions``: kg, NaN where there is none. ``valid``: has a valid emission.

    ``stopped``: the source stood. ``tables``: a ``Table`` for each hour, read where it is invalid.
    """

    starts: Times
    emissions: Values
    valid: Mask
    stopped: Mask
    tables: NDArray[np.integer]

    def __post_init__(self) -> None:
        shapes = {a.shape for a in (self.starts, self.emissions, self.valid, self.stopped, self.tables)}
        if len(shapes) != 1 or (np.diff(self.starts) != HOUR_S).any():
            raise ValueError(
                f"hours of lengths {shapes}: expected one length, and every hour of the span in order"
            )
        if np.isnan(self.emissions[self.valid]).any():
            raise ValueError("a valid hour has no emission: give its number or call it invalid")


@dataclass(frozen=True, slots=True)
class Substitution:
    """One part of a run. ``first``, ``last``: places, both included. ``run_hours``: of the whole run.

    ``value``: kg for each of its hours, None without one. ``look_back``: hours asked for; ``found``: had.
    ``anchor``: epoch seconds before which the look-back lies. ``uncalibrated``: table 5 without a calibration on
    record before the run, so that the start of the run stands in (our default).
    """

    first: int
    last: int
    run_hours: int
    table: Table
    status: Status
    value: float | None
    look_back: int
    found: int
    anchor: int
    uncalibrated: bool
    usable_for_accounting: bool

    @property
    def hours(self) -> int:
        return self.last - self.first + 1

    @property
    def short_history(self) -> bool:
        return self.found < self.look_back

    @property
    def emission(self) -> float | None:
        """kg of all its hours."""
        return None if self.value is None else self.value * self.hours


def substitute(
    hours: GasHours, calibrations: Times, captures: Mapping[tuple[int, int], Capture], law: SubstitutionLaw
) -> list[Substitution]:
    """What stands in for the emissions of every invalid hour, in order.

    ``hours`` holds the look-back too. ``calibrations``: epoch seconds, rising. ``captures``: by year and quarter.

    Raises:
        ValueError: the capture rate of a quarter with an invalid hour is not given.
    """
    valid_places = np.flatnonzero(hours.valid)
    out: list[Substitution] = []
    for first, last in _runs(hours):
        anchors = _anchors(int(hours.starts[first]), calibrations)
        for part, quarter in _parts(hours, first, last):
            if quarter not in captures:
                raise ValueError(f"no capture rate of quarter {quarter[1]} of {quarter[0]}: give its hours")
            run_hours = last - first + 1
            look_back = _look_back(run_hours, captures[quarter], law)
            table = Table(int(hours.tables[part.start]))
            out.append(_part(hours, valid_places, part, run_hours, table, look_back, anchors[table]))
    return out


def _runs(hours: GasHours) -> list[tuple[int, int]]:
    """First and last place of each run."""
    invalid = ~hours.valid & ~hours.stopped
    edges = np.diff(np.concatenate(([0], invalid.astype(np.int8), [0])))
    return list(
        zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True)
    )


def _anchors(run_start: int, calibrations: Times) -> dict[Table, tuple[int, bool]]:
    """By table the anchor and whether it is a stand-in."""
    place = int(np.searchsorted(calibrations, run_start, side="right"))
    last = (int(calibrations[place - 1]), False) if place else (run_start, True)
    return {Table.OUT_OF_CONTROL: last, Table.OTHER: (run_start, False)}


def _parts(hours: GasHours, first: int, last: int) -> list[tuple[slice, tuple[int, int]]]:
    """Stretches of one quarter and one table, with the quarter."""
    out: list[tuple[slice, tuple[int, int]]] = []
    for place in range(first, last + 1):
        quarter = quarter_of(beijing_day(from_epoch(int(hours.starts[place]))))
        if out and out[-1][1] == quarter and hours.tables[place] == hours.tables[place - 1]:
            out[-1] = (slice(out[-1][0].start, place + 1), quarter)
        else:
            out.append((slice(place, place + 1), quarter))
    return out


def _look_back(run_hours: int, captured: Capture, law: SubstitutionLaw) -> int:
    """Valid hours to look back; 0 where the standard defines nothing."""
    if captured.at_least(law.good_capture):
        return law.short_look_back_h if run_hours <= law.short_run_h else law.long_look_back_h
    return law.poor_look_back_h if captured.at_least(law.least_capture) else 0


def _part(
    hours: GasHours,
    valid_places: Places,
    part: slice,
    run_hours: int,
    table: Table,
    look_back: int,
    anchored: tuple[int, bool],
) -> Substitution:
    anchor, uncalibrated = anchored
    ended = np.searchsorted(hours.starts[valid_places], anchor - HOUR_S, side="right")
    before = valid_places[max(int(ended) - look_back, 0) : int(ended)]
    value = float(hours.emissions[before].max()) if before.size and look_back else None
    status = Status.SUBSTITUTED if value is not None else Status.NO_HISTORY
    return Substitution(
        part.start,
        part.stop - 1,
        run_hours,
        table,
        status if look_back else Status.NO_SUBSTITUTION,
        value,
        look_back,
        int(before.size) if look_back else 0,
        anchor,
        uncalibrated,
        value is not None,
    )


def missing_too_much(missing: int, due: int, law: SubstitutionLaw) -> bool:
    """Whether more than 25 % of a period is missing, so that it cannot support accounting (HJ 942 family).

    Raises:
        ValueError: more is missing than was due.
    """
    if not 0 <= missing <= due:
        raise ValueError(f"{missing} of {due} hours missing: expected between none and all")
    return missing > law.max_missing * due
