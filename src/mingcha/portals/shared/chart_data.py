"""A chart as JSON for the script. Times are Beijing wall-clock milliseconds, so that any browser shows Beijing."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from django.utils.translation import gettext

from mingcha.flow.gaps import Gap
from mingcha.flow.reading import BEIJING_S
from mingcha.portals.shared import causes, words
from mingcha.portals.shared.charts import COUNTED_FROM, Chart, Curve, limit_text, summary
from mingcha.portals.shared.tracks import shifted

REVISED, LATE = 1, 2  # bits of a point


def as_json(chart: Chart) -> dict[str, Any]:
    """What ``chart.ts`` reads: ``ChartData`` there."""
    return {
        "start": shifted(chart.span.start),
        "end": shifted(chart.span.end),
        "summary": summary(chart),
        "thinned": chart.thinned,
        "axes": [{"unit": axis.unit, "low": axis.low, "high": axis.high} for axis in chart.axes],
        "curves": [_curve(chart, curve) for curve in chart.curves],
        "gaps": [_gap(gap) for gap in chart.shared],
        "tracks": [
            {
                "name": track.name,
                "items": [[shifted(i.start), shifted(i.end), i.tone, i.word, i.url, i.pattern] for i in track.items],
            }
            for track in chart.tracks
        ],
        "words": {
            "limit": gettext("限值"), "gap": gettext("缺"), "open": gettext("回车打开证据"), "zoom": gettext("缩放"),
            "chart": gettext("曲线"), "revised": gettext("有修订"), "late": gettext("补传"),
        },
    }  # fmt: skip


def _curve(chart: Chart, curve: Curve) -> dict[str, Any]:
    line = curve.line
    said = {cause: causes.cause_word(cause) if cause else "" for cause in {"", *line.causes}}
    bound = max((step.limit.value for step in curve.steps), default=None) if curve.judged else None
    return {
        "factor": line.factor,
        "name": curve.name,
        "unit": curve.unit,
        "axis": curve.axis,
        "step": line.step_s * 1000,
        "evidence": curve.evidence,
        "query": f"f={line.factor}&k={line.kind}",
        "points": [_point(curve, place, bound, said) for place in curve.shown],
        "over": [[_wall(line.times[i]), float(line.values[i])] for i in curve.over[:COUNTED_FROM]],
        "over_total": len(curve.over),
        "gaps": [_gap(gap) for gap in curve.gaps],
        "steps": [
            {"start": shifted(s.start), "end": shifted(s.end), "value": float(s.limit.value), "text": limit_text(s.limit)}
            for s in curve.steps
        ],
    }  # fmt: skip


def _gap(gap: Gap) -> list[Any]:
    return [
        shifted(gap.span.start),
        shifted(gap.span.end),
        causes.pattern(gap.cause),
        causes.cause_word(gap.cause),
    ]


def _point(curve: Curve, place: int, bound: Any, said: Mapping[str, str]) -> list[Any]:
    """[wall ms, value, flag, shown text, bits, epoch s, cause in words]."""
    line = curve.line
    value, epoch = float(line.values[place]), int(line.times[place])
    cause = line.causes[place] if line.causes else ""
    missing = bool(np.isnan(value))
    bits = (REVISED if line.versions[place] > 1 else 0) | (LATE if place in line.late else 0)
    return [
        _wall(epoch), None if missing else value, line.flags[place],
        None if missing else words.number_text(value, curve.digits, bound), bits, epoch,
        said[cause],
    ]  # fmt: skip


def _wall(epoch: Any) -> int:
    return (int(epoch) + BEIJING_S) * 1000
