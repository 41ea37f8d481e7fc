"""报表: the tables of R-75-13 of one outlet, on the page and as files."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from mingcha.core.clock import beijing_day
from mingcha.core.errors import BadInput
from mingcha.flow.report_periods import WRITTEN, Kind, Period, period_at, period_of
from mingcha.flow.report_values import Report
from mingcha.flow.reports import report
from mingcha.portals.shared import stores
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.exports import XLSX
from mingcha.portals.shared.outlet import report_files, report_sheet
from mingcha.portals.shared.outlet.pages import Asked, link
from mingcha.portals.shared.streams import disposition

TYPES = {"xlsx": XLSX, "pdf": "application/pdf"}
YEARS_BACK = 6  # of the lists of quarters and years


def context(request: HttpRequest, found: Asked, namespace: str) -> dict[str, Any]:
    """``kind=day`` and ``period=2026-11-23`` of the address; without a period the last one that is over by a day."""
    kind = kind_of(request, found)
    problem = ""
    try:
        period = asked_period(request, kind, found)
    except BadInput as error:
        period, problem = usual(kind, found), error.problems["period"]
    made = _made(found, period)
    args = (found.outlet.discharger.uscc, found.outlet.code)
    laid = None if made.empty else _sheet(made, found)
    return {
        "report": made,
        "made_at": found.now,
        "sheet": laid,
        "lines": _paired(laid, laid.lines) if laid else [],
        "foot": _paired(laid, laid.foot) if laid else [],
        "state_text": report_sheet.state_text(made),
        "problem": problem,
        "empty": _why_empty(made) if made.empty else "",
        "file_url": link(namespace, "outlet_report", *args) + _address(found, period),
        "picker": _picker(found, period),
    }


def report_file(request: HttpRequest, found: Asked) -> HttpResponse:
    """``form=xlsx`` or ``pdf``.

    Raises:
        BadInput: kind, period or form are none, or ``asof`` is no time.
    """
    form, kind = request.GET.get("form", "pdf"), request.GET.get("kind", Kind.DAY.value)
    problems = {}
    if form not in TYPES:
        problems["form"] = gettext("没有格式“%(form)s”。可选：xlsx、pdf。请改正。") % {"form": form}
    if kind not in set(Kind):
        problems["kind"] = gettext("没有报表“%(kind)s”。可选：day、month、quarter、year。请改正。") % {
            "kind": kind
        }
    if not found.form.is_valid():
        problems |= {name: str(errors[0]) for name, errors in found.form.errors.items()}
    if problems:
        raise BadInput(problems)
    period = asked_period(request, Kind(kind), found)
    made, person = _made(found, period), str(viewer(request))
    laid, foot = _sheet(made, found), report_sheet.made_text(found.now, made.as_of, person)
    make = report_files.as_pdf if form == "pdf" else report_files.as_xlsx
    response = HttpResponse(make(laid, foot, made.digest), content_type=TYPES[form])
    name = f"{laid.title}-{found.outlet.discharger.name}-{found.outlet.code}-{period.text}.{form}"
    response["Content-Disposition"] = disposition(name)
    return response


def kind_of(request: HttpRequest, found: Asked) -> Kind:
    asked = request.GET.get("kind", "")
    return Kind(asked) if asked in set(Kind) else Kind.DAY


def asked_period(request: HttpRequest, kind: Kind, found: Asked) -> Period:
    """Raises BadInput where ``period`` is none."""
    text = request.GET.get("period", "")
    if not text:
        return usual(kind, found)
    try:
        return period_of(kind, text)
    except ValueError as error:
        said = gettext("“%(text)s”不是这种报表的时段。请写成 %(example)s 的样子。")
        raise BadInput({"period": said % {"text": text, "example": WRITTEN[kind]}}) from error


def usual(kind: Kind, found: Asked) -> Period:
    """The period of yesterday."""
    return period_at(kind, beijing_day(found.now) - timedelta(days=1))


def _made(found: Asked, period: Period) -> Report:
    return report(stores.telemetry(), found.facts, period, found.now, as_of=found.query.as_of)


def _sheet(made: Report, found: Asked) -> report_sheet.Sheet:
    return report_sheet.sheet(made, found.facts, found.outlet.discharger.name, found.outlet.name)


def _paired(laid: report_sheet.Sheet, lines: Iterable[report_sheet.Line]) -> list[tuple[str, list[Any]]]:
    """Each line with its boxes beside their columns, as the template wants them."""
    return [(line.name, list(zip(laid.parts, line.boxes, strict=True))) for line in lines]


def _why_empty(made: Report) -> str:
    if all(row.state == "future" for row in made.rows):
        return gettext("这个时段还没有到。")
    causes = {cell.cause for row in made.rows for cell in row.cells}
    if causes == {"not_connected"}:
        return gettext("这个时段排放口还没有联网。")
    if made.as_of is not None:
        return gettext("截至所选时间，这个时段还没有算出的值。请改晚截至时间。")
    return gettext("小时值在数据到达后由平台计算，日值在次日，月值在次月。换一个时段看看。")


def _address(found: Asked, period: Period) -> str:
    base = found.query.address(part="reports")
    return f"{base}&kind={period.kind}&period={period.text}"


def _picker(found: Asked, period: Period) -> dict[str, Any]:
    today = beijing_day(found.now)
    after = period.moved(1)
    names = {
        Kind.DAY: gettext("日报（逐时）"), Kind.MONTH: gettext("月报（逐日）"),
        Kind.QUARTER: gettext("季报（逐月）"), Kind.YEAR: gettext("年报（逐月）"),
    }  # fmt: skip
    same = min(period.last, today - timedelta(days=1))
    return {
        "kind": period.kind.value, "text": period.text,
        "kinds": [(name, _address(found, period_at(kind, same)), kind is period.kind) for kind, name in names.items()],
        "before": _address(found, period.moved(-1)) if period.first.year > 2000 else "",
        "after": _address(found, after) if after.first <= today else "",
        "choices": _choices(period, period_at(period.kind, today)),
    }  # fmt: skip


def _choices(period: Period, newest: Period) -> list[str]:
    """Quarters or years to choose from, newest first; the one shown is among them."""
    count = {Kind.QUARTER: 4, Kind.YEAR: 1}.get(period.kind, 0) * YEARS_BACK
    texts = [newest.moved(-n).text for n in range(count)]
    return texts if period.text in texts or not count else [*texts, period.text]
