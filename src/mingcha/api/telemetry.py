"""Values of one factor of an outlet: what the logger sent (real-time, minute), what we computed (hour, day)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import isnan
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from mingcha.api import stores
from mingcha.api.access import viewer
from mingcha.api.shapes import AskedMoment, Moment, answers
from mingcha.apps.maintenance.words import say
from mingcha.apps.marking import facts as marked
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, from_epoch, from_us, now
from mingcha.core.errors import BadInput
from mingcha.core.facts import OutletFacts
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.readings import reporting
from mingcha.protocol.hj212.factors import lookup
from mingcha.store.telemetry import Telemetry, Version

router = Router()


class Kind(StrEnum):
    REALTIME = "realtime"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


READ_AS = {
    Kind.REALTIME: "real",
    Kind.MINUTE: "minute",
    Kind.HOUR: "hour",
    Kind.DAY: "day",
    Kind.MONTH: "month",
}
# Days of one request: some ten thousand values each.
LONGEST_DAYS = {Kind.REALTIME: 7, Kind.MINUTE: 31, Kind.HOUR: 400, Kind.DAY: 4000, Kind.MONTH: 20_000}
USUAL_DAYS = {Kind.REALTIME: 1, Kind.MINUTE: 1, Kind.HOUR: 7, Kind.DAY: 30, Kind.MONTH: 366}


class ValueOut(Schema):
    """``text``: as received, or the computed value in full digits; ``value``: null where it is no number.
    ``flag``: as received, or the code of the hour (HJ 75-2017 appendix H). ``frame``: null for computed values.
    ``known_at``: when it was received or computed. ``versions``: how many are kept.
    """

    time: Moment
    text: str
    value: float | None
    flag: str
    frame: str | None
    known_at: Moment | None
    versions: int


class ValuesOut(Schema):
    """``converted``: whether the values are at reference oxygen."""

    outlet: str
    factor: str
    kind: Kind
    unit: str
    converted: bool
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    as_of: Moment | None
    values: list[ValueOut]


class ValuesAsked(Schema):
    """``from`` included, ``to`` not; without them the last while up to now. ``as_of``: what was known then."""

    factor: str
    kind: Kind = Kind.HOUR
    start: AskedMoment | None = Field(None, alias="from")
    end: AskedMoment | None = Field(None, alias="to")
    as_of: AskedMoment | None = None
    converted: bool = Field(False, description="At reference oxygen, where the outlet has such values")


@dataclass(frozen=True, slots=True)
class Known:
    """When a value came to be known, and how many versions of it are kept."""

    at: datetime | None
    versions: int


@router.get("/outlets/{uscc}/{code}/values", response=answers(ValuesOut), by_alias=True)
def values(request: HttpRequest, uscc: str, code: str, asked: Query[ValuesAsked]) -> dict[str, Any]:
    """One factor over a span. A longer span than a kind allows is refused: ask in parts."""
    outlet = registry.outlet_get(viewer(request), uscc, code)
    moment, store = now(), stores.telemetry()
    facts = marked.outlet_facts(outlet.key, beijing_day(moment))
    span = _span(asked, moment)
    _check_factor(asked.factor, reading.factors_of(store, facts))
    line = reading.line(
        store, facts, asked.factor, READ_AS[asked.kind], span, converted=asked.converted, as_of=asked.as_of
    )
    known = _known(store, facts, line, span, asked.as_of)
    return {
        "outlet": facts.key,
        "factor": asked.factor,
        "kind": asked.kind,
        "unit": _unit(facts, asked.factor),
        "converted": line.converted,
        "from": span.start,
        "to": span.end,
        "as_of": asked.as_of,
        "values": [_value(line, index, known) for index in range(len(line))],
    }


def _span(asked: ValuesAsked, moment: datetime) -> Span:
    """The span asked for.

    Raises:
        BadInput: it ends before it starts, or is too long for its kind.
    """
    usual, longest = timedelta(days=USUAL_DAYS[asked.kind]), LONGEST_DAYS[asked.kind]
    end = asked.end or (moment if asked.start is None else min(moment, asked.start + usual))
    start = asked.start or end - usual
    if end <= start:
        raise BadInput(
            {"to": say("不晚于 from。应更晚。请改正。", "Not after from. It must be later. Correct it.")}
        )
    if end - start > timedelta(days=longest):
        days = (end - start) / timedelta(days=1)
        raise BadInput(
            {
                "to": say(
                    f"时段长 {days:.1f} 天。{asked.kind} 一次最多 {longest} 天。请分段读取，或改读小时值、日值。",
                    f"{days:.1f} days are asked for. {asked.kind} gives at most {longest} at once. Ask in parts, or for hours or days.",
                )
            }
        )
    return Span(start, end)


def _check_factor(factor: str, factors: Sequence[str]) -> None:
    if factor not in factors:
        named = ", ".join(factors) or say("无", "none")
        raise BadInput(
            {"factor": say(f"该排放口没有因子“{factor}”。可选：{named}。请改正。",
                           f"The outlet has no factor {factor!r}. It has: {named}. Correct it.")}
        )  # fmt: skip


def _unit(facts: OutletFacts, factor: str) -> str:
    """As registered, else of the limit, else of the table of factors."""
    setting, table = facts.setting(factor), lookup(factor)
    limited = next((limit.unit for limit in facts.limits if limit.factor == factor), "")
    return (setting.unit if setting else "") or limited or (table.unit if table else "")


def _value(line: reading.Line, index: int, known: dict[int, Known]) -> dict[str, Any]:
    epoch, number = int(line.times[index]), float(line.values[index])
    ref: FrameRef | None = line.refs[index]
    found = known.get(epoch, Known(None, line.versions[index]))
    return {
        "time": from_epoch(epoch),
        "text": line.texts[index],
        "value": None if isnan(number) else number,
        "flag": line.flags[index],
        "frame": None if ref is None else str(ref),
        "known_at": found.at,
        "versions": found.versions,
    }


def _known(
    store: Telemetry, facts: OutletFacts, line: reading.Line, span: Span, as_of: datetime | None
) -> dict[int, Known]:
    """By epoch second of the value."""
    if line.kind in reading.CN:
        return _received(store, facts, line, span, as_of)
    kinds: dict[str, Callable[..., Sequence[Version[Any]]]] = {
        "hour": store.hour_versions,
        "day": store.day_versions,
        "month": store.month_versions,
    }
    read = kinds[line.kind]
    numbers = store.hour_numbers(facts.key, span) if line.kind == "hour" else {}
    found: dict[int, Known] = {}
    for epoch in line.times.tolist():
        version, at = numbers.get((line.factor, from_epoch(epoch)), (0, None))
        if at is None or (as_of is not None and at > as_of):
            held = [
                v for v in read(facts.key, line.factor, from_epoch(epoch)) if as_of is None or v.at <= as_of
            ]
            version, at = len(held), held[-1].at if held else None
        found[epoch] = Known(at, version)
    return found


def _received(
    store: Telemetry, facts: OutletFacts, line: reading.Line, span: Span, as_of: datetime | None
) -> dict[int, Known]:
    """Of two loggers at one moment the one named first counts, as in ``flow.reading``."""
    field = reading.FIELDS[line.kind][line.converted]
    found: dict[int, Known] = {}
    for point, part in reporting(facts.points, span):
        series = store.series(point, reading.CN[line.kind], line.factor, part, field=field, as_of=as_of)
        rows = zip(series.times.tolist(), series.received.tolist(), series.versions.tolist(), strict=True)
        for epoch, received, versions in rows:
            found.setdefault(epoch, Known(from_us(received) if received else None, versions))
    return found
