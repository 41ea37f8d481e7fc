"""Files of the tab 排放量: totals, what stands in, every hour or day, and the comparison with the datalogger."""

from datetime import timedelta
from math import isnan

from django.http import HttpRequest
from django.http.response import HttpResponse
from django.utils.translation import gettext

from mingcha.core.clock import beijing_day, from_epoch
from mingcha.core.errors import BadInput
from mingcha.core.spans import Span
from mingcha.flow.compared import FieldCompared, compared
from mingcha.flow.emission_days import EmissionDays
from mingcha.flow.emission_hours import KINDS, Kind
from mingcha.flow.emissions import Emissions
from mingcha.portals.shared import causes, exports, stores, words
from mingcha.portals.shared.outlet.emissions import WHATS, asked_period, made_of, plain, row_of, run_rows
from mingcha.portals.shared.outlet.pages import Asked

Lines = tuple[list[str], list[list[exports.Cell]]]


def download(request: HttpRequest, found: Asked) -> HttpResponse:
    """``what``: totals, runs, steps (every hour or day) or compared; ``form``: csv or xlsx.

    Raises:
        BadInput: it is none of them.
    """
    what, form = request.GET.get("what", "totals"), request.GET.get("form", "csv")
    if what not in WHATS or form not in ("csv", "xlsx"):
        raise BadInput({"form": gettext("没有“%(what)s %(form)s”。内容可选 totals、runs、steps、compared，格式可选 csv、xlsx。请改正。") % {"what": what, "form": form}})  # fmt: skip
    period = asked_period(request, beijing_day(found.now))
    if what == "compared":
        span = Span(period.span.start, max(period.span.start, min(period.span.end, found.now)))
        head, rows = compared_file(compared(stores.telemetry(), found.facts, span))
        marks: list[str] = []
    else:
        made = made_of(found, period)
        head, rows = {"totals": totals_file, "runs": runs_file, "steps": steps_file}[what](made)
        marks = [
            f"{p.name} = {plain(p.value)} {p.unit}（{p.cite}，{p.sureness.value}）" for p in made.parameters
        ]
    name = f"emissions-{what}-{found.facts.key.replace('/', '-')}-{period.year}-{period.name}"
    if form == "csv":
        return exports.as_csv(name, head, rows)
    about = [found.facts.name, f"{period.first} – {period.last}", *marks, gettext("数据未经审核，可能修订。")]
    return exports.as_xlsx(name, head, rows, about)


def totals_file(made: Emissions) -> Lines:
    head = [gettext("因子"), gettext("名称"), gettext("实测 kg"), gettext("修约或替代 kg"), gettext("合计 kg"), gettext("许可量 t"),
            gettext("占许可量 %"), gettext("预测低 kg"), gettext("预测高 kg"), gettext("捕集率"), gettext("可用于核算"), gettext("说明")]  # fmt: skip
    rows: list[list[exports.Cell]] = []
    for one in made.factors:
        total, row = one.total, row_of(one, made.medium)
        ahead = total.forecast
        rows.append([
            one.factor, words.factor_name(one.factor), total.measured_kg, total.substituted_kg, total.total_kg,
            None if total.permit is None else float(total.permit.tonnes), None if total.used is None else total.used * 100,
            None if ahead is None else ahead.low, None if ahead is None else ahead.high, "；".join(row.captured),
            gettext("是") if total.usable_for_accounting else gettext("否"), "；".join(row.reasons),
        ])  # fmt: skip
    return head, rows


def runs_file(made: Emissions) -> Lines:
    head = [gettext("因子"), gettext("起"), gettext("止"), gettext("时段数"), gettext("每段 kg"), gettext("合计 kg"), gettext("结果"), gettext("依据")]  # fmt: skip
    return head, [
        [
            row.factor,
            row.run.start,
            row.run.end,
            row.run.steps,
            row.run.kg,
            row.run.total_kg,
            row.word,
            row.why,
        ]
        for one in made.factors
        for row in run_rows(one, made.medium)
    ]


def steps_file(made: Emissions) -> Lines:
    """Every hour (gas) or day (water) of the period."""
    head = [gettext("因子"), gettext("时间"), gettext("排放量 kg"), gettext("类别"), gettext("原因")]
    rows: list[list[exports.Cell]] = []
    for one in made.factors:
        series = one.series
        part = series.within(made.period.span)
        for place in range(part.start, part.stop):
            kg, kind = float(series.kg[place]), KINDS[int(series.kinds[place])]
            if isinstance(series, EmissionDays):
                rows.append([one.factor, str(series.first + timedelta(days=place)), _known(kg), kind_word(kind), ""])  # fmt: skip
                continue
            cause = causes.cause_word(series.causes[place]) if series.causes[place] else ""
            rows.append([one.factor, from_epoch(int(series.starts[place])), _known(kg), kind_word(kind), cause])  # fmt: skip
    return head, rows


def _known(kg: float) -> float | None:
    return None if isnan(kg) else kg


def kind_word(kind: Kind) -> str:
    return {
        Kind.MEASURED: gettext("实测"), Kind.SUBSTITUTED: gettext("修约或替代"), Kind.NO_SUBSTITUTION: gettext("无修约值"),
        Kind.NO_HISTORY: gettext("无可回溯"), Kind.NO_RULE: gettext("无规则"), Kind.STOPPED: gettext("停运"),
        Kind.NO_MEAN: gettext("无均值"), Kind.NOT_CONNECTED: gettext("未联网"),
    }[kind]  # fmt: skip


def compared_file(found: list[FieldCompared]) -> Lines:
    head = [gettext("因子"), gettext("字段"), gettext("都有 时"), gettext("只有平台"), gettext("只有数采仪"), gettext("不一致"), gettext("最大差"), gettext("平均差"), gettext("最大差的时间")]  # fmt: skip
    return head, [
        [one.factor, one.field, one.counts.both, one.counts.ours_only, one.counts.theirs_only, one.counts.differing,
         one.counts.greatest, one.counts.bias, one.worst[0].start if one.worst else None]
        for one in found
    ]  # fmt: skip
