"""修订: which hours and days were restated, when, why, and from what to what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from mingcha.core.clock import beijing_day, day_end, day_start, from_epoch
from mingcha.core.spans import Span
from mingcha.portals.shared import causes, stores, words
from mingcha.portals.shared.outlet.pages import Asked

SHOWN = 50  # restatements a page


@dataclass(frozen=True, slots=True)
class Change:
    """One value: ``old`` and ``new`` are pairs of (name, text) of what differs."""

    level: str
    factor: str
    start: datetime
    differs: tuple[tuple[str, str, str], ...]
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """One restatement as a page shows it. ``more``: values that changed beyond the examples."""

    id: int
    outlet: str
    at: datetime
    span: Span
    reason: str
    hours: int
    days: int
    months: int
    changes: tuple[Change, ...]

    @property
    def more(self) -> int:
        return max(0, self.hours + self.days + self.months - len(self.changes))


def context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    before = before_of(request)
    held = stores.telemetry().restatements(found.facts.key, None, limit=SHOWN + 1, before_id=before)
    return {
        "revisions": listed(held[:SHOWN], found),
        "older": held[SHOWN - 1].id if len(held) > SHOWN else None,
    }


def before_of(request: HttpRequest) -> int | None:
    """The ``before`` of the address: restatements older than this one."""
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 2**62 else None


def listed(held: Iterable[Any], found: Asked | None = None) -> list[Row]:
    return [
        Row(
            one.id, one.outlet, one.at, Span(one.start, one.end), reason_word(one.reason), one.hours_changed,
            one.days_changed, one.months_changed, tuple(_change(e, found) for e in one.detail.get("examples", ())),
        )
        for one in held
    ]  # fmt: skip


def reason_word(reason: str) -> str:
    return {
        "late_data": gettext("补传数据"), "mark": gettext("数据标记"), "setting": gettext("测点设置变更"),
        "rule": gettext("规则或限值变更"), "rebuild": gettext("重建"), "first": gettext("首次计算"),
    }.get(reason, reason)  # fmt: skip


def level_word(level: str) -> str:
    return {"hour": gettext("小时值"), "day": gettext("日值"), "month": gettext("月值")}.get(level, level)


def _change(example: dict[str, Any], found: Asked | None) -> Change:
    factor = str(example["factor"])
    start = moment_of(example["start"])
    old, new = example.get("old") or {}, example.get("new") or {}
    names = [name for name in NAMES if old.get(name) != new.get(name)]
    differs = tuple((_name(n), _text(n, old, factor), _text(n, new, factor)) for n in names)
    return Change(
        level_word(example["level"]), factor, start, differs, _url(example["level"], factor, start, found)
    )


def moment_of(given: Any) -> datetime:
    """A moment of a detail: epoch seconds or ISO 8601."""
    return from_epoch(given) if isinstance(given, int | float) else datetime.fromisoformat(given)


NAMES = (
    "mean",
    "converted",
    "code",
    "cause",
    "valid_minutes",
    "valid_hours",
    "valid_days",
    "total",
    "received",
    "due",
)
NUMBERS = ("mean", "converted", "total")


def _name(name: str) -> str:
    return {
        "mean": gettext("实测"), "converted": gettext("折算"), "code": gettext("小时标识"), "cause": gettext("原因"),
        "valid_minutes": gettext("有效分钟"), "valid_hours": gettext("有效小时"), "valid_days": gettext("有效日"),
        "total": gettext("累计"), "received": gettext("收到"), "due": gettext("应收"),
    }[name]  # fmt: skip


def _text(name: str, value: dict[str, Any], factor: str) -> str:
    found = value.get(name)
    if name in ("received", "due"):
        return gettext("否") if value and found is False else gettext("是") if value else "—"
    if found is None or found == "":
        return "—"
    if name == "cause":
        return causes.cause_word(str(found))
    if name in NUMBERS:
        return words.number_text(float(found), words.factor_digits(factor) + 2)
    return str(found)


def _url(level: str, factor: str, start: datetime, found: Asked | None) -> str:
    """The chart around the value; "" where the list is not of one outlet."""
    if found is None or level not in ("hour", "day"):
        return ""
    day = beijing_day(start)
    around = (
        Span(day_start(day), day_end(day))
        if level == "hour"
        else Span(start - timedelta(days=7), start + timedelta(days=7))
    )
    return found.query.address(factor=factor, others=(), kind=level, preset="own", span=around, part="data")
