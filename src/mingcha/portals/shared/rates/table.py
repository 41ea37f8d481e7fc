"""传输率、有效率: rows by outlet, discharger, district, month or factor, in both editions, with what was lost to what."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext

from mingcha.apps.registry import selectors as registry
from mingcha.core.causes import NOT_DUE, Cause
from mingcha.flow import rates
from mingcha.portals.shared import causes, stores, words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.rates.forms import RatesForm
from mingcha.stats.rates import Counts, Edition, Rates, sum_counts
from mingcha.stats.rates import rates as rates_from

SORTS = ("name", "due", "tr", "vr", "etr", "first", "own")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``key``: of its group; ``causes``: (cause, hours), largest first."""

    key: str
    name: str
    counts: Counts
    complete: Rates
    first: Rates
    causes: tuple[tuple[str, int], ...]
    url: str = ""

    @property
    def cells(self) -> list[tuple[str, str]]:
        """(rate, of the first cut) as a page writes them: ``96.20%(2078/2160)``."""
        c = self.counts
        return [
            (percent(self.complete.tr, c.received, c.due), percent(self.first.tr, c.first_received, c.due)),
            (percent(self.complete.vr, c.valid, c.received), percent(self.first.vr, c.first_valid, c.first_received)),
            (percent(self.complete.etr, c.valid, c.due), percent(self.first.etr, c.first_valid, c.due)),
        ]  # fmt: skip

    @property
    def lost(self) -> list[tuple[str, int]]:
        """(word, hours) of what was due and is not valid; our own downtime stands by itself."""
        return [
            (causes.cause_word(c), n) for c, n in self.causes if c not in NOT_DUE and c != Cause.OWN_DOWNTIME
        ]

    @property
    def not_due(self) -> list[tuple[str, int]]:
        return [(causes.cause_word(c), n) for c, n in self.causes if c in NOT_DUE]


def percent(rate: Decimal | None, part: int, whole: int) -> str:
    """With its counts; — where there is nothing to divide by."""
    return "—" if rate is None else f"{rate}%({part}/{whole})"


def row_of(key: str, name: str, counts: Counts, lost: Mapping[str, int], url: str = "") -> Row:
    return Row(
        key, name, counts, rates_from(counts), rates_from(counts, edition=Edition.FIRST),
        tuple(sorted(lost.items(), key=lambda item: (-item[1], item[0]))), url,
    )  # fmt: skip


def outlets_asked(request: HttpRequest, form: RatesForm) -> list[Any]:
    """The outlets of the viewer that the filter leaves."""
    wanted = form.cleaned_data
    found = registry.outlets_visible_to(viewer(request))
    if wanted.get("district"):
        found = found.filter(discharger__district__code=wanted["district"])
    return matching(found, str(wanted.get("q") or "").strip())


def matching(found: Any, text: str) -> list[Any]:
    """Outlets whose name, code, key or discharger holds ``text``."""
    said = [(outlet, f"{outlet.key} {outlet.name} {outlet.discharger.name}") for outlet in found]
    return [outlet for outlet, words_of in said if text.casefold() in words_of.casefold()]


def table(form: RatesForm, outlets: Sequence[Any]) -> list[Row]:
    """The rows that the form asks for; unsorted."""
    by, span, store = form.cleaned_data.get("by") or "outlet", form.span(), stores.telemetry()
    keys = [outlet.key for outlet in outlets]
    if not keys:
        return []
    if by in ("discharger", "district"):
        groups = {outlet.key: _group(outlet, by) for outlet in outlets}
        held = rates.rates_of(
            store, keys, span, by=("group",), groups={k: key for k, (key, _) in groups.items()}
        )
        names = dict(groups.values())
        rows = [_row(one, one.group or "", names.get(one.group or "", one.group or "")) for one in held]
    else:
        named = {outlet.key: f"{outlet.discharger.name} {outlet.code} {outlet.name}" for outlet in outlets}
        held = rates.rates_of(store, keys, span, by=(by,))
        rows = [_row(one, *_named(one, by, named)) for one in held]
        silent = named.keys() - {row.key for row in rows} if by == "outlet" else set()
        rows += [row_of(key, named[key], Counts(), {}) for key in sorted(silent)]
    below = form.cleaned_data.get("below")
    return [
        row for row in rows if below is None or (row.complete.etr is not None and row.complete.etr < below)
    ]


def _row(one: Any, key: str, name: str) -> Row:
    return row_of(key, name, one.counts, one.causes)


def _named(one: Any, by: str, outlets: Mapping[str, str]) -> tuple[str, str]:
    if by == "month":
        text = f"{one.month:%Y-%m}"
        return text, text
    if by == "factor":
        return one.factor, words.factor_name(one.factor)
    return one.outlet, outlets.get(one.outlet, one.outlet)


def _group(outlet: Any, by: str) -> tuple[str, str]:
    if by == "discharger":
        return outlet.discharger.uscc, outlet.discharger.name
    district = outlet.discharger.district
    return (district.code, district.name) if district else ("-", gettext("未分区县"))


def total(rows: Iterable[Row]) -> Row:
    """The whole: counts are summed, never averaged (R-TR-4)."""
    held = list(rows)
    lost: dict[str, int] = {}
    for row in held:
        for cause, hours in row.causes:
            lost[cause] = lost.get(cause, 0) + hours
    return row_of("", gettext("合计"), sum_counts(row.counts for row in held), lost)


def ordered(rows: Sequence[Row], sort: str) -> list[Row]:
    """By a column of SORTS, downwards with ``-`` before it; what has no rate comes last."""
    name = sort.removeprefix("-")
    keys: dict[str, Callable[[Row], Any]] = {
        "name": lambda row: row.name, "due": lambda row: row.counts.due, "tr": lambda row: row.complete.tr,
        "vr": lambda row: row.complete.vr, "etr": lambda row: row.complete.etr, "first": lambda row: row.first.etr,
        "own": lambda row: row.counts.own_downtime,
    }  # fmt: skip
    key = keys.get(name, keys["name"])
    known = [row for row in rows if key(row) is not None]
    return sorted(known, key=key, reverse=sort.startswith("-")) + [row for row in rows if key(row) is None]


def head() -> list[str]:
    return [
        gettext("名称"), gettext("应收时"), gettext("收到时"), gettext("有效时"), gettext("首次收到时"), gettext("首次有效时"),
        gettext("传输率(补全)%"), gettext("有效率(补全)%"), gettext("有效传输率(补全)%"), gettext("传输率(即时)%"),
        gettext("有效率(即时)%"), gettext("有效传输率(即时)%"), gettext("平台停机时"), gettext("失效原因"),
    ]  # fmt: skip


def line(row: Row) -> tuple[Any, ...]:
    """A row of the file: counts first, so that rates can be recomputed."""
    c = row.counts
    shown = [row.complete.tr, row.complete.vr, row.complete.etr, row.first.tr, row.first.vr, row.first.etr]
    why = "; ".join(f"{causes.cause_word(cause)} {hours}" for cause, hours in row.causes)
    numbers = [None if rate is None else float(rate) for rate in shown]
    return (
        row.name,
        c.due,
        c.received,
        c.valid,
        c.first_received,
        c.first_valid,
        *numbers,
        c.own_downtime,
        why,
    )
