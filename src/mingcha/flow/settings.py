"""The settings of one outlet by the hour: what held then counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from mingcha.core.clock import beijing_day
from mingcha.core.facts import OutletFacts, Setting
from mingcha.core.spans import Span
from mingcha.flow.units import mismatch


@dataclass(slots=True)
class Settings:
    """Looked up often: the settings of each factor are gathered once."""

    facts: OutletFacts
    _by_factor: dict[str, list[Setting]] = field(default_factory=dict)
    _mismatch: dict[Setting, str] = field(default_factory=dict)
    _at: dict[tuple[str, datetime], Setting | None] = field(default_factory=dict)
    _o2: dict[tuple[str, datetime], float | None] = field(default_factory=dict)
    _of_limits: dict[tuple[str, date], float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for setting in self.facts.settings:
            self._by_factor.setdefault(setting.factor, []).append(setting)

    def at(self, factor: str, moment: datetime) -> Setting | None:
        """The one in force then; the first named where several are."""
        key = factor, moment
        if key not in self._at:
            self._at[key] = next((s for s in self._by_factor.get(factor, ()) if s.holds_at(moment)), None)
        return self._at[key]

    def of(self, factor: str) -> Sequence[Setting]:
        return self._by_factor.get(factor, ())

    def factors_within(self, span: Span) -> set[str]:
        """The factors with a setting in force at some moment of ``span``."""
        return {name for name, held in self._by_factor.items() if any(_reaches(s, span) for s in held)}

    def spans(self, factor: str, within: Span) -> list[Span]:
        """The parts of ``within`` in which the factor has a setting."""
        return [
            Span(max(s.start or within.start, within.start), min(s.end or within.end, within.end))
            for s in self.of(factor)
            if _reaches(s, within)
        ]

    def whole(self, factor: str, span: Span) -> Setting | None:
        """The setting in force throughout ``span``, where it is one."""
        found = [s for s in self.of(factor) if _reaches(s, span)]
        [one] = found if len(found) == 1 else [None]
        if one is None or (one.start and one.start > span.start) or (one.end and one.end < span.end):
            return None
        return one

    def reported_unit(self, setting: Setting) -> str:
        """The unit the datalogger reports in where the filed one is another; "" where they agree."""
        if setting not in self._mismatch:
            self._mismatch[setting] = mismatch(self.facts, setting)
        return self._mismatch[setting]

    def reference_o2(self, factor: str, at: datetime) -> float | None:
        """Of the setting, else of the hourly limit, else of the daily one; None where none is set."""
        key = factor, at
        if key not in self._o2:
            setting = self.at(factor, at)
            own = None if setting is None else setting.reference_o2
            self._o2[key] = self._o2_of_limits(factor, beijing_day(at)) if own is None else float(own)
        return self._o2[key]

    def _o2_of_limits(self, factor: str, day: date) -> float | None:
        key = factor, day
        if key not in self._of_limits:
            limits = (self.facts.limit(factor, averaging, day) for averaging in ("hour", "day"))
            held = (limit.reference_o2 for limit in limits if limit is not None)
            self._of_limits[key] = next((float(o2) for o2 in held if o2 is not None), None)
        return self._of_limits[key]


def _reaches(setting: Setting, span: Span) -> bool:
    return (setting.start is None or setting.start < span.end) and (
        setting.end is None or span.start < setting.end
    )


def facts_at(facts: OutletFacts, moment: datetime) -> OutletFacts:
    """The facts with the settings of one moment only, for what looks at an outlet as it is then."""
    return replace(facts, settings=tuple(_in_force(facts.settings, moment)))


def _in_force(settings: Iterable[Setting], moment: datetime) -> Iterable[Setting]:
    return (setting for setting in settings if setting.holds_at(moment))
