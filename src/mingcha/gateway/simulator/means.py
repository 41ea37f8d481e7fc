"""From samples to 10 minutes, to hours, to days, as a logger computes them; HJ 212-2017 appendix D.

Each level is made of the level below (D_h = ΣD_m, hour mean = mean of the valid minutes), so real-time,
minute, hour and day values agree. Water concentrations are weighted by volume. Flags follow the
notes to HJ 212-2017 C.16–C.18: gas is normal with 75 % normal parts, water only when all are; a day
is normal with 20 normal hours (appendix D). An abnormal interval carries the most frequent abnormal letter of its parts, as loggers in the field
do, and not always the ``D`` of the note; its values are then means of all parts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mingcha.gateway.simulator import kinds
from mingcha.gateway.simulator.kinds import GasKind
from mingcha.gateway.simulator.noise import Times, Values
from mingcha.gateway.simulator.plant import FLAGS, NORMAL, SAMPLE_S, Flags, Profile, Samples, convert

GAS_SHARE = 0.75  # of normal parts that make a gas interval normal
WATER_SHARE = 1.0
DAY_SHARE = 20 / 24
Grid = NDArray[np.float64]  # (intervals, parts)


@dataclass(frozen=True, slots=True)
class Column:
    """One factor over intervals. ``total``: m³ for flow, kg for pollutants, None for the rest."""

    low: Values
    mean: Values
    high: Values
    flags: Flags
    total: Values | None = None
    converted: tuple[Values, Values, Values] | None = None  # low, mean, high


@dataclass(frozen=True, slots=True)
class Table:
    """All factors over equal intervals that begin at ``starts``."""

    starts: Times
    step_s: int
    volume: Values
    columns: dict[str, Column]


def from_samples(profile: Profile, found: Samples) -> Table:
    """One interval of ``profile.minute_interval_s`` after another; ``found`` must fill them wholly."""
    step = profile.minute_interval_s
    parts = step // SAMPLE_S
    flow = found.values[profile.flow_factor]
    points = {
        factor: Column(
            low=column, mean=column, high=column, flags=found.flags[factor],
            converted=(done, done, done) if (done := found.converted.get(factor)) is not None else None,
        )
        for factor, column in found.values.items()
    }  # fmt: skip
    cubic_m = flow * SAMPLE_S if isinstance(profile.plant, GasKind) else flow * SAMPLE_S * 1e-3
    return rolled(profile, Table(found.times, SAMPLE_S, cubic_m, points), parts)


def hours(profile: Profile, minutes: Table) -> Table:
    """Whole hours of whole minute intervals."""
    return rolled(profile, minutes, 3600 // minutes.step_s)


def days(profile: Profile, hours: Table) -> Table:
    """Whole days of whole hours."""
    return rolled(profile, hours, 24, share=DAY_SHARE)


def rolled(profile: Profile, table: Table, parts: int, *, share: float | None = None) -> Table:
    """Each ``parts`` neighbouring intervals of ``table`` as one; normal with ``share`` normal parts.

    Raises:
        ValueError: the intervals do not divide into groups of ``parts``.
    """
    if len(table.starts) % parts:
        raise ValueError(f"{len(table.starts)} intervals do not divide by {parts}; give whole ones")
    if share is None:
        share = GAS_SHARE if isinstance(profile.plant, GasKind) else WATER_SHARE
    volume = table.volume.reshape(-1, parts)
    columns = {name: _rolled(profile, name, column, volume, share) for name, column in table.columns.items()}
    after = Table(table.starts[::parts], table.step_s * parts, volume.sum(axis=1), columns)
    return _with_conversion(profile, after)


def _rolled(profile: Profile, name: str, column: Column, volume: Grid, share: float) -> Column:
    parts = volume.shape[1]
    flags = column.flags.reshape(-1, parts)
    letter = _flag(flags, share)
    used = (flags == NORMAL) | (letter != NORMAL)[:, None]
    weights = used * volume if _weighted(profile, name) else used.astype(np.float64)
    mean = _mean(column.mean.reshape(-1, parts), weights, used)
    low, high = _edges(column.low, column.high, used)
    mean = np.clip(mean, low, high)  # division leaves a last bit over the edge
    converted = None
    if column.converted is not None:
        least, most = _edges(column.converted[0], column.converted[2], used)
        converted = (least, least, most)
    return Column(low, mean, high, letter, _total(profile, name, mean, volume), converted)


def _weighted(profile: Profile, name: str) -> bool:
    return not isinstance(profile.plant, GasKind) and any(p.factor == name for p in profile.plant.pollutants)


def _mean(grid: Grid, weights: Grid, used: NDArray[np.bool_]) -> Values:
    total = weights.sum(axis=1)
    plain = np.where(used, grid, 0.0).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    return np.asarray(
        np.where(total > 0.0, (grid * weights).sum(axis=1) / np.where(total > 0.0, total, 1.0), plain)
    )


def _edges(low: Values, high: Values, used: NDArray[np.bool_]) -> tuple[Values, Values]:
    least = np.where(used, low.reshape(used.shape), np.inf).min(axis=1)
    return least, np.where(used, high.reshape(used.shape), -np.inf).max(axis=1)


def _flag(flags: NDArray[np.uint8], share: float) -> Flags:
    normal = (flags == NORMAL).mean(axis=1) >= share
    if normal.all():
        return np.full(len(flags), NORMAL, np.uint8)
    counts = np.stack([(flags == number).sum(axis=1) for number in range(1, len(FLAGS))])
    return np.where(normal, NORMAL, counts.argmax(axis=0) + 1).astype(np.uint8)


def _total(profile: Profile, name: str, mean: Values, volume: Grid) -> Values | None:
    """Volume in m³ for the flow, mass in kg for a pollutant: mg/m³·m³·10⁻⁶ or mg/L·m³·10⁻³."""
    if name == profile.flow_factor:
        return np.asarray(volume.sum(axis=1))
    if any(p.factor == name for p in profile.plant.pollutants):
        kg = 1e-6 if isinstance(profile.plant, GasKind) else 1e-3
        return np.asarray(mean * volume.sum(axis=1) * kg)
    return None


def _with_conversion(profile: Profile, table: Table) -> Table:
    """Converted mean = mean concentration at mean oxygen, which lies between the converted samples."""
    if profile.reference_o2 is None:
        return table
    o2, columns = table.columns[kinds.O2].mean, dict(table.columns)
    for name, column in table.columns.items():
        if column.converted is not None:
            low, _, high = column.converted
            mean = np.clip(convert(column.mean, o2, profile.reference_o2), low, high)
            columns[name] = Column(
                column.low, column.mean, column.high, column.flags, column.total, (low, mean, high)
            )  # fmt: skip
    return Table(table.starts, table.step_s, table.volume, columns)
