"""What stands beside a finding: facts, what speaks for it and against it, its chart."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language, gettext

from mingcha.apps.findings import selectors
from mingcha.apps.maintenance import selectors as maintenance
from mingcha.apps.marking import facts as marked
from mingcha.apps.marking import selectors as marking
from mingcha.core.clock import beijing_day, now
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.gaps import gaps_of
from mingcha.portals.shared import charts, pictures, stores, words
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.outlet import overlays
from mingcha.portals.shared.outlet.query import OutletQuery
from mingcha.portals.shared.tracks import Item, track

FACTS_SHOWN = 50
AROUND = timedelta(hours=12)
LONGEST = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Precision:
    source: str
    text: str


def precisions(rows: Iterable[Any]) -> list[Precision]:
    """For the sources on the page: ``0.71 (n=84)``, or that nothing was judged yet."""
    found = []
    for source in dict.fromkeys(row.source for row in rows):
        got = selectors.precision(source)
        ratio, n = got.ratio, got.confirmed + got.refused
        found.append(Precision(source, gettext("尚无结论") if ratio is None else f"{ratio:.2f} (n={n})"))
    return found


def grounds(request: HttpRequest, finding: Any) -> dict[str, Any]:
    """The facts, and with equal room what speaks against them: hypotheses, marks, visits, doubts about sources."""
    facts = list(selectors.facts_of(finding)[:FACTS_SHOWN])
    supports, against = [], []
    for fact in facts:
        clue = fact.body.get("clue") or {}
        for rival in clue.get("hypotheses") or ():
            name = hypothesis_name(rival["name"])
            supports += [f"{name}：{one_language(line)}" for line in rival.get("supports") or ()]
            against += [f"{name}：{one_language(line)}" for line in rival.get("against") or ()]
        supports += [
            gettext("已排除：%(line)s") % {"line": one_language(line)} for line in clue.get("excluded") or ()
        ]
        paper = fact.body.get("receipt") or {}
        if paper.get("sureness") not in (None, "official"):
            against.append(gettext("规则来源未经原文核对，判定为暂定。"))
    against += _around(request, finding)
    return {
        "facts": facts,
        "facts_total": selectors.facts_of(finding).count(),
        "supports": list(dict.fromkeys(supports)),
        "against": list(dict.fromkeys(against)),
        "precision": precisions([finding])[0],
    }


def hypothesis_name(name: str) -> str:
    """What a hypothesis is called; one without a word reads as its name."""
    return {
        "stuck_analyser": gettext("仪器卡滞"),
        "held_or_simulated": gettext("数据被保持或模拟"),
    }.get(name, name)


def one_language(line: str) -> str:
    """Of a line written ``english / 中文`` the half of the page's language."""
    first, parted, second = line.partition(" / ")
    if not parted:
        return line
    chinese, english = (first, second) if not first.isascii() else (second, first)
    return english if get_language() == "en" else chinese


def _around(request: HttpRequest, finding: Any) -> list[str]:
    """Marks of the discharger and visits of the agency in the span of the finding."""
    if finding.outlet is None:
        return []
    user, span = viewer(request), Span(finding.start, max(finding.end, finding.start + timedelta(seconds=1)))
    marks = [
        gettext("企业标记 %(span)s：%(item)s，%(reason)s") % {
            "span": words.span_text(m.start, m.end), "item": overlays.item_word(m.item), "reason": m.reason}
        for m in marking.marks_of_outlet(user, finding.outlet, span)
    ]  # fmt: skip
    visits = [
        gettext("当时有运维活动 %(number)s（%(who)s）") % {"number": v.number, "who": v.technician.name}
        for v in maintenance.visits_of_outlet(user, finding.outlet, span)
    ]
    return marks + visits


def picture(request: HttpRequest, finding: Any) -> dict[str, Any]:
    """The chart of the finding's factor around its span; nothing where no factor or outlet is concerned."""
    outlet = finding.outlet
    if outlet is None:
        return {}
    moment = now()
    start = max(finding.start - AROUND, finding.end - LONGEST)
    span = Span(start, max(min(finding.end + AROUND, moment), start + timedelta(hours=1)))
    facts = marked.outlet_facts(outlet.key, beijing_day(moment))
    factors = reading.factors_of(stores.telemetry(), facts)
    factor = finding.factor or (factors[0] if factors else "")
    if not factor:
        return {}
    kind = "hour" if finding.kind == "rule" else "minute"
    converted = kind == "hour" and charts.wants_conversion(
        facts, factor, span
    )  # clues are about what was measured
    store = stores.telemetry()
    line = reading.line(store, facts, factor, kind, span, converted=converted)
    title = finding.title_en if get_language() == "en" else finding.title_zh
    mine = track(gettext("本线索"), [Item(finding.start, finding.end, "breach", title)], span)
    holes = {factor: gaps_of(store, facts, line, span, moment)}
    chart = charts.build(facts, [line], span, moment, gaps=holes, tracks=[mine])
    query = OutletQuery(factor, kind, "own", span, converted, None, "chart", "data")
    args = (outlet.discharger.uscc, outlet.code)
    return {
        "picture": {
            "svg": pictures.draw(chart),
            "summary": charts.summary(chart),
            "data_url": reverse("regulator:outlet_data", args=args) + query.address(),
            "evidence_url": reverse("regulator:outlet_evidence", args=args),
            "outlet_url": reverse("regulator:outlet", args=args) + query.address(),
        },
        "chart": chart,
    }
