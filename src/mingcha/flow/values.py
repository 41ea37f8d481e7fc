"""What ``flow`` hands back: values only; services and workers write."""

from dataclasses import dataclass
from datetime import datetime

from mingcha.core.aggregates import DayValue, HourValue
from mingcha.core.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Restated:
    """Hour and day values of a span, each with the digest of its inputs."""

    hours: list[HourValue]
    days: list[DayValue]


@dataclass(frozen=True, slots=True)
class Judgement:
    """One verdict on one outlet and factor for ``[start, end)``. ``parts``: the hours it was merged from."""

    rule: str
    outlet: str
    factor: str
    start: datetime
    end: datetime
    verdict: Verdict
    parts: tuple["Judgement", ...] = ()
