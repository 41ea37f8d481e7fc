"""What ``flow`` hands back: values only; services and workers write."""

from dataclasses import dataclass, field
from datetime import datetime

from mingcha.core.aggregates import DayValue, HourValue, MonthValue
from mingcha.core.verdicts import Verdict
from mingcha.flow.units import Problem


@dataclass(frozen=True, slots=True)
class Restated:
    """Values of a span, each with the digest of its inputs. ``months``: those that lie in it whole.

    ``problems``: what kept factors from being computed, each once.
    """

    hours: list[HourValue]
    days: list[DayValue]
    months: list[MonthValue] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


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
