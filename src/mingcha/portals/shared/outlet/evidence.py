"""What stands behind one point of a chart: versions, flag, receipts, marks, visits, and the raw frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from mingcha.apps.findings import selectors as findings
from mingcha.apps.maintenance import selectors as maintenance
from mingcha.apps.marking import selectors as marking
from mingcha.core.aggregates import HourValue
from mingcha.core.clock import from_epoch
from mingcha.core.errors import NotFound
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.readings import reporting
from mingcha.portals.shared import causes, charts, frames, stores, words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.outlet.pages import Asked, link
from mingcha.store.telemetry import Version

SECOND = timedelta(seconds=1)
COMPUTED = ("hour", "day", "month")
PARTS_OF = {"hour": "minute", "day": "hour", "month": "day"}  # what a computed value is made of
EPOCH_MAX = 2**33


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a version: name, text as received or computed, unit; ``current``: used now."""

    name: str
    text: str
    unit: str
    current: bool


@dataclass(frozen=True, slots=True)
class ValueVersion:
    """What one frame, or one computation, said. ``note``: RF=1, or the digest of what it was computed from."""

    name: str
    at: datetime | None
    code: str
    fields: tuple[Field, ...]
    ref: Any = None
    note: str = ""
    url: str = ""

    @property
    def current(self) -> bool:
        return any(field.current for field in self.fields)


def moment_of(request: HttpRequest) -> datetime:
    """The ``at`` of the address, whole epoch seconds.

    Raises:
        NotFound: it is no moment.
    """
    text = request.GET.get("at", "")
    if not (text.isascii() and text.isdigit() and int(text) < EPOCH_MAX):
        raise NotFound(f"at={text!r} is no moment in epoch seconds")
    return from_epoch(int(text))


def context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    """Everything the drawer shows.

    Raises:
        NotFound: there is no value at that moment.
    """
    moment, query = moment_of(request), found.query
    computed = query.kind in COMPUTED
    versions = _computed(found, moment) if computed else _received(found, moment)
    if not versions:
        raise NotFound(f"{found.facts.key} has no {query.kind} value of {query.factor} at {moment}")
    span = Span(moment, _end(found, moment))
    user, outlet = viewer(request), found.outlet
    ref = next((v.ref for v in reversed(versions) if v.current and v.ref is not None), None)
    return {
        "moment": moment,
        "span": span,
        "query": query,
        "outlet": outlet,
        "namespace": namespace,
        "computed": computed,
        "versions": [replace(v, url=link(namespace, "frame", v.ref) if v.ref is not None else "") for v in versions],
        "limit": _limit(found, moment),
        "why": _why(found, moment),
        "frame": frames.frame_or_none(stores.journal(), ref),
        "ref": ref,
        "frame_url": link(namespace, "frame", ref) if ref is not None else "",
        "parts_url": query.address(kind=PARTS_OF[query.kind], preset="own", span=span, view="table", others=()) if computed else "",
        "facts": _facts(user, outlet, span, query.factor),
        "marks": [m for m in marking.marks_of_outlet(user, outlet, span) if m.factor in ("", query.factor)],
        "visits": maintenance.visits_of_outlet(user, outlet, span),
        "title": f"{words.factor_name(query.factor)} {words.table_time_seconds(moment)}",
    }  # fmt: skip


def _received(found: Asked, moment: datetime) -> list[ValueVersion]:
    """By frame, oldest first: fields that came together stand together."""
    query, store = found.query, stores.telemetry()
    for point, _ in reporting(found.facts.points, Span(moment, moment + SECOND)):
        history = store.history(point, reading.CN[query.kind], moment, query.factor)
        groups: dict[tuple[Any, Any], list[Any]] = {}
        for version in history:
            groups.setdefault((version.received, version.ref), []).append(version)
        if groups:
            return [
                _frame_version(number, rows, query.factor)
                for number, rows in enumerate(groups.values(), start=1)
            ]
    return []


def _frame_version(number: int, rows: list[Any], factor: str) -> ValueVersion:
    fields = tuple(
        Field(words.field_name(v.field), v.text, words.field_unit(factor, v.field), v.current) for v in rows
    )
    first = rows[0]
    return ValueVersion(
        f"v{number}", first.received, first.flag, fields, first.ref, "RF=1" if first.supplement else ""
    )


def _computed(found: Asked, moment: datetime) -> list[ValueVersion]:
    query, store = found.query, stores.telemetry()
    kinds: dict[str, Callable[..., Sequence[Version[Any]]]] = {
        "hour": store.hour_versions,
        "day": store.day_versions,
        "month": store.month_versions,
    }
    read = kinds[query.kind]
    versions = read(found.facts.key, query.factor, moment)
    unit = words.factor_unit(query.factor)
    found_versions = []
    for version in versions:
        value, current = version.value, version is versions[-1]
        if value is None:
            gone = (Field(gettext("值"), "", unit, current),)
            found_versions.append(
                ValueVersion(f"v{version.version}", version.at, "", gone, None, gettext("已撤回"))
            )
            continue
        code = value.code.value if isinstance(value, HourValue) else ("N" if value.mean is not None else "Md")
        named = ((gettext("实测"), value.mean), (gettext("折算"), value.converted))
        fields = tuple(
            Field(name, _digits(number, query.factor), unit, current)
            for name, number in named
            if number is not None
        )
        shown = fields or (Field(gettext("值"), "", unit, current),)
        note = _note(value)
        found_versions.append(ValueVersion(f"v{version.version}", version.at, code, shown, None, note))
    return found_versions


def _note(value: Any) -> str:
    """Why the value is not valid, and the digest of what it was computed from."""
    parts = [causes.cause_word(value.cause)] if getattr(value, "cause", "") else []
    if value.inputs:
        parts.append(gettext("输入 %(digest)s") % {"digest": value.inputs[:8]})
    return " · ".join(parts)


def _why(found: Asked, moment: datetime) -> list[str]:
    """What the rates make of an hour: whether it was due, came, is valid; and what was known at the first cut."""
    query = found.query
    if query.kind != "hour":
        return []
    span = Span(moment, moment + SECOND)
    held = stores.telemetry().hours(found.facts.key, span, factor=query.factor, as_of=query.as_of)
    if not held:
        return []
    [hour] = held
    counted = gettext("计入应收") if hour.due else gettext("不计应收")
    came = gettext("已收到") if hour.received else gettext("未收到")
    minutes = gettext("有效 %(n)d 分") % {"n": hour.valid_minutes}
    first = {
        "valid": gettext("首次截止时有效"), "received": gettext("首次截止时已收到、无效"), "lost": gettext("首次截止时未收到"),
    }.get(hour.first, gettext("首次截止未到"))  # fmt: skip
    cause = [causes.cause_word(hour.cause)] if hour.cause else []
    return [*cause, counted, came, minutes, first]


def _end(found: Asked, moment: datetime) -> datetime:
    """Until when the value lasts."""
    kind = found.query.kind
    if kind == "month":
        return reading.next_month(moment)
    sent = found.facts.minute_interval_s if kind == "minute" else 1
    return moment + timedelta(seconds=reading.STEP_S.get(kind, sent))


def _digits(number: float, factor: str) -> str:
    """Two digits more than a page shows: this is where one looks closer."""
    return words.number_text(number, words.factor_digits(factor) + 2)


def _limit(found: Asked, moment: datetime) -> str:
    span = Span(moment, moment + SECOND)
    steps = charts.limit_steps(found.facts, found.query.factor, found.query.kind, span)
    return charts.limit_text(steps[0].limit) if steps else ""


def _facts(user: Any, outlet: Any, span: Span, factor: str) -> list[tuple[Any, Any]]:
    """(finding, fact) of the moment, each with its receipt."""
    return [
        (finding, fact)
        for finding in findings.findings_of_outlet(user, outlet, span)
        if finding.factor in ("", factor)
        for fact in findings.facts_of(finding)
        if fact.start < span.end and fact.end > span.start
    ]
