"""Transmission, valid and effective rate: counts of outlet × factor × hour, R-TR-1 to R-TR-6.

Counts are added over outlets, dischargers, districts and months, then divided; rates are never averaged (R-TR-4).
An hour lost while our own gateway was down stays lost in the rates of the law; ``without_own_downtime`` gives the
variant in which it is nobody's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import numpy as np

from mingcha.core.causes import NOT_DUE
from mingcha.core.clock import DAY_S, HOUR_S
from mingcha.core.facts import Medium
from mingcha.stats.codes import Mask, Times

BEIJING_S = 8 * HOUR_S
GAS_FIELDS = ("Avg", "Min", "Max")
CONVERTED_FIELD = "ZsAvg"
AMOUNT_FIELD = "Cou"


class Edition(StrEnum):
    """R-TR-3: ``FIRST`` (即时) by the first cut, ``COMPLETE`` (补全) with back-fill and marks."""

    FIRST = "first"
    COMPLETE = "complete"


class VrBase(StrEnum):
    """R-TR-2: what the valid rate divides by."""

    RECEIVED = "received"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class RatesLaw:
    """``pass_line``, ``good_line``: per cent, R-TR-5."""

    vr_base: VrBase = VrBase.RECEIVED
    pass_line: Decimal = Decimal(90)
    good_line: Decimal = Decimal(90)


@dataclass(frozen=True, slots=True)
class Counts:
    """Hours of any number of outlets and factors. ``first_…``: what was known at the first cut.

    ``own_downtime``: of the hours due, those lost because our own gateway was down.
    """

    due: int = 0
    received: int = 0
    valid: int = 0
    first_received: int = 0
    first_valid: int = 0
    own_downtime: int = 0

    def __post_init__(self) -> None:
        editions = ((self.received, self.valid), (self.first_received, self.first_valid))
        fits = all(0 <= valid <= received <= self.due for received, valid in editions)
        if not fits or not 0 <= self.own_downtime <= self.due - self.received:
            raise ValueError(
                f"{self}: expected 0 <= valid <= received <= due in both editions, and no more own downtime "
                "than hours due that were not received"
            )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.due + other.due,
            self.received + other.received,
            self.valid + other.valid,
            self.first_received + other.first_received,
            self.first_valid + other.first_valid,
            self.own_downtime + other.own_downtime,
        )


@dataclass(frozen=True, slots=True)
class Rates:
    """传输率, 有效率, 有效传输率 in per cent with two decimals; None where there is nothing to divide by."""

    tr: Decimal | None
    vr: Decimal | None
    etr: Decimal | None


def sum_counts(parts: Iterable[Counts]) -> Counts:
    """R-TR-4: the counts of the whole."""
    return sum(parts, start=Counts())


def percent(part: int | Fraction, whole: int) -> Decimal | None:
    """``part/whole`` in per cent, two decimals, half up on the exact quotient; None when ``whole`` is 0."""
    if whole == 0:
        return None
    hundredths = Fraction(part) * 10_000 / whole
    return Decimal(int(hundredths + Fraction(1, 2))).scaleb(-2)


def rates(counts: Counts, vr_base: VrBase = VrBase.RECEIVED, edition: Edition = Edition.COMPLETE) -> Rates:
    """R-TR-2. ``TR = received/due``; ``VR = valid/received``; ``ETR = TR·VR = valid/due``.

    With ``vr_base`` due: ``VR = valid/due`` and ``ETR = TR·VR``. Each is rounded by itself, from exact counts.
    """
    received, valid = counts.received, counts.valid
    if edition is Edition.FIRST:
        received, valid = counts.first_received, counts.first_valid
    due = counts.due
    tr = percent(received, due)
    if vr_base is VrBase.RECEIVED:
        return Rates(tr, percent(valid, received), percent(valid, due))
    together = Fraction(received * valid, due) if due else 0
    return Rates(tr, percent(valid, due), percent(together, due))


def without_own_downtime(counts: Counts) -> Counts:
    """The counts as if the hours lost by our own downtime had not been due; not the rates of the law.

    Of the first cut no more hours leave than it still lacks, so that no rate passes 100 %.
    """
    due = counts.due - counts.own_downtime
    return replace(
        counts,
        due=due,
        first_received=min(counts.first_received, due),
        first_valid=min(counts.first_valid, due),
        own_downtime=0,
    )


def count_hours(
    due: Mask, received: Mask, valid: Mask, first_received: Mask, first_valid: Mask, own_downtime: Mask
) -> Counts:
    """Counts of a series of hours. An hour that is not due counts nowhere, whatever came (R-TR-1).

    Valid counts only what was received, own downtime only what was not.
    """
    got, first_got = due & received, due & first_received
    columns = (due, got, got & valid, first_got, first_got & first_valid, due & ~received & own_downtime)
    return Counts(*(int(np.count_nonzero(column)) for column in columns))


def lost_hours(causes: Sequence[str]) -> dict[str, int]:
    """How many hours each cause took, of those due; by cause, largest first, then by name."""
    tally = Counter(cause for cause in causes if cause and cause not in NOT_DUE)
    return dict(sorted(tally.items(), key=lambda item: (-item[1], item[0])))


def standard_check_leaves(starts: Times, checks: Mask, hours_a_day: int = 1) -> Mask:
    """Which hours leave the denominator: the first ``hours_a_day`` check hours of each Beijing day, R-TR-1.

    ``starts`` rise. Water COD, NH3-N, TP and TN only; which factors is the caller's knowledge.
    """
    out = np.zeros(starts.shape, dtype=np.bool_)
    places = np.flatnonzero(checks)
    if places.size == 0 or hours_a_day <= 0:
        return out
    days = (starts[places] + BEIJING_S) // DAY_S
    _, first, which = np.unique(days, return_index=True, return_inverse=True)
    rank = np.arange(places.size) - first[which]
    out[places[rank < hours_a_day]] = True
    return out


def required_fields(medium: Medium, *, mass: bool, reference_o2: bool) -> tuple[str, ...]:
    """The fields an hour of a factor needs to count as received, R-TR-6.

    ``mass``: the factor has an amount (a pollutant or the flow itself). Gas: Avg, Min, Max, Cou, and ZsAvg where
    a reference oxygen applies; water: Avg, and Cou where flow is measured. Factors without an amount need no Cou.
    """
    fields = GAS_FIELDS if medium is Medium.GAS else GAS_FIELDS[:1]
    amount = (AMOUNT_FIELD,) if mass else ()
    converted = (CONVERTED_FIELD,) if medium is Medium.GAS and reference_o2 else ()
    return (*fields, *amount, *converted)


def fields_complete(present: Mapping[str, Mask], required: Sequence[str]) -> Mask:
    """Hours in which every required field came, R-TR-6. A field not in ``present`` never came.

    Raises:
        ValueError: ``present`` is empty (no length), or nothing is required.
    """
    if not present or not required:
        raise ValueError(
            f"fields {sorted(present)}, required {list(required)}: expected at least one of each"
        )
    none = np.zeros(next(iter(present.values())).shape, dtype=np.bool_)
    complete: Mask = np.logical_and.reduce([present.get(field, none) for field in required])
    return complete
