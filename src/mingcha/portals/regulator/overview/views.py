"""The cockpit: what waits for me, then the state of the region."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from mingcha.apps.accounts import selectors as accounts
from mingcha.apps.accounts.permissions import can
from mingcha.apps.cases import selectors as cases
from mingcha.apps.duties import selectors as duties
from mingcha.apps.findings import selectors as findings
from mingcha.core.clock import now
from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.shared import words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.charts import NORMAL
from mingcha.portals.shared.stations import Station, stations

ROWS = 10
OPEN_FINDINGS = ("detected", "assigned")
OPEN_CASES = ("open", "assigned")
LEVELS = ("urgent", "serious", "general", "notice")  # gravest first


@dataclass(frozen=True, slots=True)
class Work:
    """One row of what waits. ``badge``: kind and state; ``due``: None where no term runs."""

    title: str
    number: str
    url: str
    badge: tuple[str, str]
    level: str
    due: datetime | None


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """One district: counts, each of which opens its list."""

    district: Any
    outlets: int
    online: int
    offline: int
    exceeded: int
    suspected: int
    late: int

    @property
    def worst(self) -> str:
        """The worst state in the district, for the edge of its cell."""
        if self.exceeded or self.late:
            return "late"
        if self.offline or self.suspected:
            return "near"
        return "good" if self.outlets else "none"


@for_regulators
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    view = "table" if request.GET.get("view") == "table" else "grid"
    context = {"title": _("工作台"), "view": view, **work_context(request), **region_context(request)}
    return render(request, "regulator/overview/overview.html", context)


@for_regulators
@require_GET
def region(request: HttpRequest) -> HttpResponse:
    """The part that changes with every reading, for a page that listens."""
    view = "table" if request.GET.get("view") == "table" else "grid"
    return render(request, "regulator/overview/region.html", {"view": view, **region_context(request)})


@for_regulators
@require_GET
def work(request: HttpRequest) -> HttpResponse:
    return render(request, "regulator/overview/work.html", work_context(request))


def work_context(request: HttpRequest) -> dict[str, Any]:
    """Counts of what is overdue, due today and new, and the rows that come first."""
    user, moment = viewer(request), now()
    start, end = words.today(moment)
    mine = duties.duties_visible_to(user)
    rows = sorted(
        _rows(request), key=lambda row: (row.due is None, row.due or moment, LEVELS.index(row.level))
    )
    return {
        "overdue": mine.filter(state="late").count(),
        "due_today": mine.filter(state="running", due_at__gt=moment, due_at__lte=end).count(),
        "fresh": findings.findings_visible_to(user).filter(state="detected").count(),
        "open_cases": cases.cases_visible_to(user).filter(state__in=OPEN_CASES).count(),
        "work": rows[:ROWS],
        "work_total": len(rows),
        "today": start,
        "next_duty": mine.filter(state="running").order_by("due_at").first(),
    }


def _rows(request: HttpRequest) -> list[Work]:
    """Cases and findings given to me; cases nobody has, where I may give them out; the gravest new findings."""
    user = viewer(request)
    english = get_language() == "en"
    own = cases.cases_visible_to(user).filter(state__in=OPEN_CASES)
    own = own if can(user, "case.assign") else own.filter(assignee=user)
    found = findings.findings_visible_to(user)
    given = found.filter(state="assigned", assignee=user)
    new = (
        found.filter(state="detected").order_by("-detected_at")[: ROWS * 2]
        if can(user, "finding.dismiss")
        else []
    )
    rows = [
        Work(c.title_en if english else c.title_zh, c.number, reverse("regulator:case", args=[c.number]),
             ("case", c.state), c.level, c.due_at)
        for c in own
    ]  # fmt: skip
    return rows + [
        Work(f.title_en if english else f.title_zh, f.number, reverse("regulator:finding", args=[f.number]),
             ("finding_kind", f.kind), f.level, None)
        for f in [*given, *new]
    ]  # fmt: skip


def region_context(request: HttpRequest) -> dict[str, Any]:
    """Counters, districts and newest values."""
    user, moment = viewer(request), now()
    found = stations(user, moment)
    states = Counter(row.link for row in found)
    heard = [row for row in found if row.values]
    districts = district_rows(request, found)
    columns = [row.district.column for row in districts]
    return {
        "moment": moment,
        "total": len(found),
        "links": [
            (state, states.get(state, 0)) for state in ("online", "delayed", "offline", "stopped", "never")
        ],
        "districts": districts,
        "columns": 1 + max(columns, default=0) - min(columns, default=0),
        "left": 1 - min(columns, default=0),
        "top": 1 - min((row.district.row for row in districts), default=0),
        "newest": sorted(heard, key=_order)[:12],
        "heard": len(heard),
    }


def _order(row: Station) -> tuple[bool, str]:
    """Outlets with a value above its limit first; the order is else fixed, so that rows do not jump."""
    above = any(
        v.value is not None and v.limit is not None and v.flag in NORMAL and v.value > float(v.limit)
        for v in row.values
    )
    return (not above, row.outlet.key)


def district_rows(request: HttpRequest, found: list[Station]) -> list[DistrictRow]:
    user = viewer(request)
    by_district: dict[int | None, list[Station]] = defaultdict(list)
    for row in found:
        by_district[row.outlet.discharger.district_id].append(row)
    open_findings = findings.findings_visible_to(user).filter(state__in=OPEN_FINDINGS)
    kinds = Counter(open_findings.order_by().values_list("district_id", "kind"))
    late_duties = duties.duties_visible_to(user).filter(state="late").order_by()
    late = Counter(late_duties.values_list("organisation__district_id", flat=True))
    return [
        DistrictRow(
            district=district,
            outlets=len(rows),
            online=sum(row.link == "online" for row in rows),
            offline=sum(row.link in ("offline", "never") for row in rows),
            exceeded=kinds[district.pk, "rule"],
            suspected=kinds[district.pk, "clue"],
            late=late[district.pk],
        )
        for district in accounts.districts()
        if (rows := by_district.get(district.pk, []))
    ]
