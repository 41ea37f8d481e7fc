"""What lies over a chart of an outlet: marks, visits, calibrations, findings, revisions and late data."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import get_language, gettext

from mingcha.apps.findings import selectors as findings
from mingcha.apps.maintenance import selectors as maintenance
from mingcha.apps.marking import selectors as marking
from mingcha.apps.marking.values import items as mark_items
from mingcha.core.clock import from_epoch
from mingcha.core.spans import Span
from mingcha.flow.reading import Line
from mingcha.portals.shared import badges, words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.outlet.pages import Asked, link
from mingcha.portals.shared.tracks import Item, Track, place_track, track

HOUR = timedelta(hours=1)
CALIBRATING = ("calibration", "standard_check")  # activities; other visits count by the records they hold


def tracks(request: HttpRequest, found: Asked, namespace: str, lines: Sequence[Line]) -> list[Track]:
    """The overlays that are switched on. Those about single values have a row for each factor that has any."""
    span, hidden = found.query.span, found.query.hidden
    visits = visits_in(request, found.outlet, span)
    rows: dict[str, Callable[[], list[Track]]] = {
        "marks": lambda: [track(gettext("企业标记"), _marks(request, found), span)],
        "visits": lambda: [track(gettext("现场运维"), _visits(visits, namespace, "notice"), span)],
        "calibrations": lambda: _unless_empty(gettext("校准"), _visits(_calibrations(visits), namespace, "grace"), span),
        "findings": lambda: [track(gettext("线索发现"), _findings(request, found, namespace), span)],
        "versions": lambda: [row for line in lines if (row := _revised(line, span, len(lines))).items],
        "late": lambda: [row for line in lines if (row := _late(line, span, len(lines))).items],
    }  # fmt: skip
    return [row for name, make in rows.items() if name not in hidden for row in make()]


def visits_in(request: HttpRequest, outlet: Any, span: Span) -> Any:
    return maintenance.visits_of_outlet(viewer(request), outlet, span)


def _unless_empty(name: str, items: list[Item], span: Span) -> list[Track]:
    return [track(name, items, span)] if items else []


def _marks(request: HttpRequest, found: Asked) -> list[Item]:
    marks = marking.marks_of_outlet(viewer(request), found.outlet, found.query.span)
    return [
        Item(m.start, m.end, "mark", item_word(m.item))
        for m in marks
        if m.factor == "" or m.factor in found.query.factors
    ]


def item_word(item: str) -> str:
    """What a mark says, in the language of the page."""
    return mark_items().get(item, {}).get("en" if get_language() == "en" else "zh", item)


def _visits(visits: Any, namespace: str, tone: str) -> list[Item]:
    return [
        Item(
            v.sign_in_at, v.sign_out_at or v.sign_in_at + HOUR, tone,
            f"{v.number} {gettext(badges.badge('visit', v.state).word)}", link(namespace, "visit", v.number),
        )
        for v in visits
    ]  # fmt: skip


def _calibrations(visits: Any) -> Any:
    recorded = Q(records__submitted=True, records__form__contains="calibration")
    return visits.filter(Q(activity__in=CALIBRATING) | recorded).distinct()


def _findings(request: HttpRequest, found: Asked, namespace: str) -> list[Item]:
    english = get_language() == "en"
    return [
        Item(
            f.start, f.end, badges.badge("level", f.level).tone, f"{f.number} {f.title_en if english else f.title_zh}",
            link(namespace, "finding", f.number),
        )
        for f in findings.findings_of_outlet(viewer(request), found.outlet, found.query.span)
        if f.factor == "" or f.factor in found.query.factors
    ]  # fmt: skip


def _revised(line: Line, span: Span, count: int) -> Track:
    places = [place for place, versions in enumerate(line.versions) if versions > 1]
    return place_track(
        _name(gettext("修订 ◥"), line, count), gettext("有修订"), "suspicion", line, places, span
    )


def _late(line: Line, span: Span, count: int) -> Track:
    return place_track(
        _name(gettext("补传 ⟳"), line, count), gettext("补传"), "notice", line, line.late, span
    )


def _name(word: str, line: Line, count: int) -> str:
    return word if count == 1 else f"{word} {words.factor_name(line.factor)}"


def ever(now: datetime) -> Span:
    """All time, up to tomorrow."""
    return Span(from_epoch(0), now + timedelta(days=1))
