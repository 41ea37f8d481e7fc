"""Records of one day as they are computed: from the frames, under the settings of their time, under the marks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from mingcha.core.aggregates import HourCode
from mingcha.core.clock import HOUR_S, day_end, day_start, from_epoch, to_epoch
from mingcha.core.facts import MarkSpan, Medium, OutletFacts
from mingcha.core.spans import Span
from mingcha.flow.arrivals import HourRecord
from mingcha.flow.gridlaw import GridLaw
from mingcha.flow.held import Came
from mingcha.flow.marks import Marked, in_order, laid
from mingcha.flow.readings import Raw, Texts
from mingcha.flow.settings import Settings
from mingcha.stats.codes import INDEX, NORMAL, Values
from mingcha.stats.flags import codes_of
from mingcha.stats.flow import volumes
from mingcha.stats.hours import HourStat, gas_hours, water_hours
from mingcha.stats.records import Records, aligned, make_records, without_flow_stopped
from mingcha.stats.validity import Validity

FLOW = {Medium.GAS: "a00000", Medium.WATER: "w00000"}
FLOW_UNIT = {Medium.GAS: "m3/s", Medium.WATER: "L/s"}  # of the factor table, where no setting says otherwise
UNWEIGHTED = ("w01001", "w01010", "w00000")  # pH, temperature, flow: no weighting by flow, R-356-7.2
CHECKED = ("w01018", "w21003", "w21011", "w21001")  # COD, NH3-N, TP, TN: automatic standard check, R-TR-1
OVER_RANGE = INDEX[HourCode.OVER_RANGE]


@dataclass(frozen=True, slots=True)
class Worked:
    """One factor on one day. ``records``: as they came; ``stats``, ``marked``, ``dry`` (seconds at flow 0) by start
    of the hour (epoch seconds).
    """

    records: Records
    stats: Mapping[int, HourStat]
    marked: Mapping[int, Marked]
    dry: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the records of one day of an outlet, and the hours of each factor."""

    facts: OutletFacts
    settings: Settings
    marks: tuple[MarkSpan, ...]
    law: Validity
    grid: GridLaw

    def worked(self, factors: Iterable[str], came: Came) -> dict[str, Worked]:
        records = {factor: self._records(factor, came) for factor in factors}
        return {factor: self._worked(factor, records, came.day) for factor in records}

    def _records(self, factor: str, came: Came) -> Records:
        found = self._sent(came.raws.get(factor), came.day)
        alone = {first: r for first, r in came.hourly.get(factor, {}).items() if first in came.bare}
        if alone:
            found = _together(found, _by_hour(alone, came.day))
        return self._ranged(factor, found) if self.grid.over_range_marks else found

    def _sent(self, raw: Raw | None, day: date) -> Records:
        if raw is None:
            return make_records(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int8), interval_s=1)
        return make_records(
            raw.times,
            raw.values,
            codes_of(raw.flags, day=day),
            interval_s=self.facts.minute_interval_s,
            lows=raw.lows,
            highs=raw.highs,
            amounts=raw.amounts,
        )

    def _ranged(self, factor: str, records: Records) -> Records:
        """A value above the range of its time is over range, as if the logger had said so (flag T)."""
        over = np.zeros(records.times.shape, dtype=np.bool_)
        for setting in self.settings.of(factor):
            if setting.range_top is not None and records.values.size:
                above = records.values > setting.range_top
                if above.any():
                    over |= above & _during(records, setting.start, setting.end)
        if not over.any():
            return records
        codes = np.where(over & (records.codes == NORMAL), OVER_RANGE, records.codes).astype(np.int8)
        return replace(records, codes=codes)

    def _worked(self, factor: str, all_records: Mapping[str, Records], day: date) -> Worked:
        used, dry, poured = self._poured(factor, all_records)
        marked: dict[int, Marked] = {}
        if marks := in_order(self.marks, factor, Span(day_start(day), day_end(day))):
            whole, kept = used, bool(self.grid.flagged_check) and factor in CHECKED
            used, marked = laid(used, marks, day, checks_kept=kept)
            poured = None if poured is None else _shared(poured, whole, used)
        gas = self.facts.medium is Medium.GAS
        stats = gas_hours(used, self.law) if gas else water_hours(used, poured, self.law)
        return Worked(all_records[factor], {stat.start: stat for stat in stats}, marked, dry)

    def _poured(
        self, factor: str, all_records: Mapping[str, Records]
    ) -> tuple[Records, dict[int, int], Values | None]:
        """Water: a concentration is valid only with flow, and weighs by it (R-356-6.2a, R-356-7.2).

        Gives the records, the seconds at flow 0 by hour, and the volume of each record.
        """
        item, flow = all_records[factor], all_records.get(FLOW[self.facts.medium])
        if self.facts.medium is Medium.GAS or flow is None or not flow.times.size or factor in UNWEIGHTED:
            return item, {}, None
        beside = aligned(item.times, flow.times, flow.values)
        codes = without_flow_stopped(item.codes, beside)
        dry = _seconds_by_hour(item, codes != item.codes)
        return replace(item, codes=codes), dry, self._volumes(item, beside)

    def _volumes(self, item: Records, flow: Values) -> Values:
        """m³ of each record, in the unit of its hour."""
        hours = item.times // HOUR_S * HOUR_S
        units = {
            int(hour): flow_unit(self.facts.medium, self.settings, int(hour)) for hour in np.unique(hours)
        }
        if len(set(units.values())) <= 1:
            return volumes(flow, item.lengths, next(iter(units.values()), FLOW_UNIT[self.facts.medium]))
        poured = np.full(flow.shape, np.nan)
        for hour, unit in units.items():
            part = hours == hour
            poured[part] = volumes(flow[part], item.lengths[part], unit)
        return poured


def flow_unit(medium: Medium, settings: Settings, first: int) -> str:
    """The unit of the flow in the hour that begins at ``first`` (epoch seconds)."""
    setting = settings.at(FLOW[medium], from_epoch(first))
    return FLOW_UNIT[medium] if setting is None or not setting.unit else setting.unit


def texts_of(factor: str, first: int, came: Came) -> Texts:
    """What came of a factor in one hour, as texts: what a digest is made of."""
    if first in came.bare:
        record = came.hourly.get(factor, {}).get(first)
        return () if record is None else ((factor, str(first), record.flag, *record.texts),)
    raw = came.raws.get(factor)
    return () if raw is None else raw.texts_within(first, first + HOUR_S)


def _during(records: Records, start: datetime | None, end: datetime | None) -> NDArray[np.bool_]:
    inside = np.ones(records.times.shape, dtype=np.bool_)
    if start is not None:
        inside &= records.times >= to_epoch(start)
    if end is not None:
        inside &= records.times < to_epoch(end)
    return inside


def _by_hour(held: Mapping[int, HourRecord], day: date) -> Records:
    """Hour records: each speaks for its whole hour with its own flag."""
    starts = sorted(held)
    rows = [held[start] for start in starts]
    return make_records(
        np.array(starts, dtype=np.int64),
        np.array([row.mean for row in rows], dtype=np.float64),
        codes_of([row.flag for row in rows], day=day),
        interval_s=HOUR_S,
        lows=np.array([row.low for row in rows], dtype=np.float64),
        highs=np.array([row.high for row in rows], dtype=np.float64),
        amounts=np.array([row.amount for row in rows], dtype=np.float64),
    )


def _together(one: Records, other: Records) -> Records:
    """Records of different hours as one series, by time."""
    order = np.argsort(np.concatenate([one.times, other.times]), kind="stable")
    columns = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])[order]
        for name in ("times", "lengths", "values", "codes", "lows", "highs", "amounts")
    }
    return Records(**columns)


def _seconds_by_hour(records: Records, which: NDArray[np.bool_]) -> dict[int, int]:
    found: dict[int, int] = {}
    for time, length in zip(records.times[which].tolist(), records.lengths[which].tolist(), strict=True):
        hour = time // HOUR_S * HOUR_S
        found[hour] = found.get(hour, 0) + length
    return found


def _shared(poured: Values, whole: Records, pieces: Records) -> Values:
    """The volume of each piece of a record: its share of the time; NaN where no record is."""
    out = np.full(pieces.times.shape, np.nan)
    if not whole.times.size:
        return out
    place = np.maximum(np.searchsorted(whole.times, pieces.times, side="right") - 1, 0)
    inside = (pieces.times >= whole.times[place]) & (pieces.times < whole.times[place] + whole.lengths[place])
    out[inside] = (poured[place] * pieces.lengths / np.maximum(whole.lengths[place], 1))[inside]
    return out
