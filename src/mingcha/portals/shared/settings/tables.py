"""The three lists of an outlet's settings as rows of a page and of a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from mingcha.apps.registry import selectors as registry
from mingcha.portals.shared import causes, exports, words

WEEKDAYS = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))


@dataclass(frozen=True, slots=True)
class Kind:
    """One list. ``rows``: of an outlet, newest first, undone ones too; ``action``: who may set."""

    key: str
    title: str | Promise
    action: str
    rows: Callable[[Any], Any]


KINDS = {
    "points": Kind("points", _("测点设置"), "point_setting.set", registry.point_settings_of),
    "schedules": Kind("schedules", _("时间表"), "schedule.set", registry.schedules_of),
    "amounts": Kind("amounts", _("许可排放量"), "amount.set", registry.permitted_amounts_of),
}


def state(row: Any, now: datetime) -> str:
    """undone, future, past or in_force, as a badge of ``setting``."""
    if row.undone_at is not None:
        return "undone"
    start, end = getattr(row, "valid_from", None), getattr(row, "valid_to", None)
    if start is not None and start > now:
        return "future"
    return "past" if end is not None and end <= now else "in_force"


def said(row: Any) -> list[tuple[str, str]]:
    """What a row says, as (word, value)."""
    if hasattr(row, "tonnes"):
        return [(gettext("许可排放量"), f"{plain(row.tonnes)} t"), (gettext("范围"), scope(row))]
    if hasattr(row, "hours"):
        return [
            (gettext("应有数据的小时"), hours_text(row.hours)),
            (gettext("星期"), days_text(row.weekdays)),
            (gettext("其余时间"), str(causes.cause_word(row.cause))),
        ]
    unit = words.unit_text(row.unit)
    figures = (
        (gettext("量程上限"), row.range_top, unit),
        (gettext("分辨力"), row.resolution, unit),
        (gettext("检出限"), row.detection_limit, unit),
        (gettext("基准氧含量"), row.reference_o2, "%"),
        (gettext("测量周期"), row.cycle_s, "s"),
    )
    shown = [
        (word, f"{value:g}\N{NO-BREAK SPACE}{of}".strip()) for word, value, of in figures if value is not None
    ]
    return [(gettext("单位"), unit or "—"), *shown]


def factor_word(row: Any) -> str:
    return words.factor_name(row.factor) if row.factor else gettext("全部因子")


def when(row: Any) -> str:
    """The year and its part, of an amount."""
    return f"{row.year} {period_word(row.period)}"


def period_word(period: str) -> str:
    if period == "year":
        return gettext("全年")
    number = int(period[1:])
    if period.startswith("q"):
        return gettext("第 %(n)d 季度") % {"n": number}
    return gettext("%(n)d 月") % {"n": number}


def scope(row: Any) -> str:
    return gettext("全单位") if row.outlet_id is None else row.outlet.code


def plain(number: Any) -> str:
    return f"{number:f}".rstrip("0").rstrip(".")


def hours_text(hours: Sequence[int]) -> str:
    """``8–18 时, 20–21 时``: runs of hours by their edges."""
    runs: list[list[int]] = []
    for hour in sorted(hours):
        if runs and runs[-1][1] == hour:
            runs[-1][1] = hour + 1
        else:
            runs.append([hour, hour + 1])
    return gettext("%(runs)s 时") % {"runs": ", ".join(f"{start}–{end}" for start, end in runs)}


def days_text(days: Sequence[int]) -> str:
    if len(days) == len(WEEKDAYS):
        return gettext("每天")
    return (", " if get_language() == "en" else "、").join(str(WEEKDAYS[day]) for day in sorted(days))


HEAD = (
    _("编号"), _("因子"), _("起"), _("止"), _("内容"), _("依据文件"), _("原因"), _("设置人"), _("设置时间"), _("撤销人"),
    _("撤销时间"), _("撤销原因"),
)  # fmt: skip


def lines(rows: Any) -> list[list[exports.Cell]]:
    """The rows of a file: everything, undone ones too."""
    return [
        [
            row.pk, row.factor, getattr(row, "valid_from", None) or when(row), getattr(row, "valid_to", None),
            "; ".join(f"{word} {value}" for word, value in said(row)), row.document, row.why,
            _who(row.set_by), row.set_at, _who(row.undone_by) if row.undone_at else "", row.undone_at, row.undone_why,
        ]
        for row in rows
    ]  # fmt: skip


def _who(user: Any) -> str:
    return user.name if user is not None else gettext("平台")
