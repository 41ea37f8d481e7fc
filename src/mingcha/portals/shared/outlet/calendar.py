"""完整性: a month (or year) of days, each with its valid, received and due hours, by word, shape and colour."""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from mingcha.core.clock import beijing_day, day_end, day_start
from mingcha.core.spans import Span
from mingcha.flow import rates
from mingcha.portals.shared import causes, stores, words
from mingcha.portals.shared.outlet.pages import Asked
from mingcha.stats.rates import Counts, sum_counts

YEARS = range(2000, 2101)


@dataclass(frozen=True, slots=True)
class Cell:
    """One day. ``state``: a badge of kind ``completeness``. ``why``: what its hours were lost to, largest first."""

    day: date
    state: str
    counts: Counts
    why: str
    url: str

    @property
    def label(self) -> str:
        """The day in one sentence, for readers and as a hint."""
        said = gettext("%(day)s：应收 %(due)d，收到 %(received)d，有效 %(valid)d 时") % {
            "day": self.day, "due": self.counts.due, "received": self.counts.received, "valid": self.counts.valid,
        }  # fmt: skip
        return f"{said}；{self.why}" if self.why else said


def context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    """``month=2026-11`` or ``year=2026`` of the address; ``of``: one factor, all without it."""
    today = beijing_day(found.now)
    month, whole_year = asked_month(request, today)
    of = request.GET.get("of", "") if request.GET.get("of", "") in found.factors else ""
    first, last = (date(month.year, 1, 1), date(month.year, 12, 31)) if whole_year else (month, _last(month))
    span = Span(day_start(first), min(day_end(last), max(found.now, day_end(first))))
    held = rates.completeness(stores.telemetry(), found.facts.key, span)
    cells = _cells(found, held, first, last, of)
    base = found.query.address(part="calendar") + (f"&of={of}" if of else "")
    return {
        "calendar": {
            "whole_year": whole_year, "month": month, "of": of,
            "weeks": [] if whole_year else _weeks(cells, first),
            "months": [(m, [c for c in cells if c.day.month == m]) for m in range(1, 13)] if whole_year else [],
            "total": sum_counts(cell.counts for cell in cells),
            "before": f"{base}&{_step(month, whole_year, -1)}", "after": f"{base}&{_step(month, whole_year, 1)}" if last < today else "",
            "month_url": f"{base}&month={min(date(month.year, 12, 1), today.replace(day=1)) if whole_year else month:%Y-%m}",
            "year_url": f"{base}&year={month.year}",
            "factors": [("", gettext("全部因子"), _of(request, found, ""), of == "")]
            + [(f, words.factor_name(f), _of(request, found, f), f == of) for f in found.factors],
            "weekdays": [gettext("一"), gettext("二"), gettext("三"), gettext("四"), gettext("五"), gettext("六"), gettext("日")],
        }
    }  # fmt: skip


def asked_month(request: HttpRequest, today: date) -> tuple[date, bool]:
    """The first day of the month asked for, and whether its whole year is; what is no month is this one."""
    year = request.GET.get("year", "")
    if year.isascii() and year.isdigit() and len(year) == 4 and int(year) in YEARS:
        return date(int(year), 1, 1), True
    return month_of(request.GET.get("month", ""), today), False


def month_of(text: str, today: date) -> date:
    """``2026-11`` as its first day; what is no month is the one of ``today``."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return found if found.year in YEARS else today.replace(day=1)


def _of(request: HttpRequest, found: Asked, factor: str) -> str:
    kept = "".join(
        f"&{name}={request.GET[name]}" for name in ("month", "year") if _plain(request.GET.get(name))
    )
    return found.query.address(part="calendar") + kept + (f"&of={factor}" if factor else "")


def _plain(text: str | None) -> bool:
    return bool(text) and set(text or "") <= set("0123456789-")


def _last(month: date) -> date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _moved(month: date, by: int) -> date:
    return (month.replace(day=15) + timedelta(days=30 * by)).replace(day=1)


def _step(month: date, whole_year: bool, by: int) -> str:
    """The part of the address that moves by a month or a year."""
    return f"year={month.year + by}" if whole_year else f"month={_moved(month, by):%Y-%m}"


def _cells(found: Asked, held: rates.Completeness, first: date, last: date, of: str) -> list[Cell]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    factors = [of] if of else held.factors
    return [_cell(found, day, [c for f in factors if (c := held.cells.get((day, f)))], of) for day in days]


def _cell(found: Asked, day: date, held: list[rates.DayCell], of: str) -> Cell:
    counts = sum_counts(cell.counts for cell in held)
    lost: dict[str, int] = {}
    for cell in held:
        for cause, hours in cell.causes.items():
            lost[cause] = lost.get(cause, 0) + hours
    future = day > beijing_day(found.now)
    query = found.query
    changes: dict[str, Any] = {"factor": of, "others": ()} if of else {}
    url = query.address(
        kind="hour", preset="own", span=Span(day_start(day), day_end(day)), part="data", **changes
    )
    return Cell(day, state_of(counts, bool(held), future), counts, why(lost), "" if future else url)


def state_of(counts: Counts, known: bool, future: bool) -> str:
    """The badge of a day: what is known of it, then what is worst about it."""
    if future:
        return "future"
    if not known:
        return "none"
    if not counts.due:
        return "not_due"
    if counts.valid == counts.due:
        return "full"
    if not counts.received:
        return "lost"
    return "invalid" if counts.received == counts.due else "partial"


def why(lost: Mapping[str, int]) -> str:
    """``停运 20，校准 2``."""
    rows = sorted(lost.items(), key=lambda row: (-row[1], row[0]))
    return gettext("，").join(f"{causes.cause_word(cause)} {hours}" for cause, hours in rows)


def _weeks(cells: list[Cell], first: date) -> list[list[Cell | None]]:
    """Rows of seven, Monday first; None before the first and after the last day."""
    row: list[Cell | None] = [*[None] * first.weekday(), *cells]
    row += [None] * (-len(row) % 7)
    return [row[n : n + 7] for n in range(0, len(row), 7)]
