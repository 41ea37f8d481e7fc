"""Point settings: how a factor is measured, from when to when. Nothing is edited: correct or undo, and both stay."""

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.registry.models import Outlet, PointSetting
from mingcha.apps.registry.services import dated
from mingcha.apps.registry.services.changes import Stretch, facts_changed, held_by
from mingcha.apps.registry.values import checked, factor_problem

FIGURES = ("range_top", "resolution", "detection_limit", "reference_o2", "cycle_s")
UNIT_MAX = 16
AIR_O2 = 21  # %: the conversion of R-75-C.6 divides by 21 - O2
CYCLE_MAX_S = 7 * 86_400  # no analyser measures less often than once a week [default]
NAMES = {
    "range_top": "量程上限", "resolution": "分辨力", "detection_limit": "检出限", "reference_o2": "基准氧含量",
    "cycle_s": "测量周期",
}  # fmt: skip


@transaction.atomic
def point_setting_set(
    *,
    outlet: Outlet,
    factor: str,
    unit: str,
    valid_from: datetime,
    document: str,
    why: str,
    at: datetime,
    valid_to: datetime | None = None,
    range_top: float | None = None,
    resolution: float | None = None,
    detection_limit: float | None = None,
    reference_o2: float | None = None,
    cycle_s: int | None = None,
    replaces: PointSetting | None = None,
    by: User | None = None,
) -> PointSetting:
    """Let a factor be measured so from ``valid_from`` on. An empty figure takes the instrument's.

    ``replaces``: a wrong row of the same factor, undone in the same breath. Where the span has begun, what was
    computed in it is computed again.

    Raises:
        BadInput: by field; also where one begins at that moment already. StaleState: ``replaces`` was undone already.
    """
    require(by, "point_setting.set")
    figures = {
        "range_top": range_top, "resolution": resolution, "detection_limit": detection_limit,
        "reference_o2": reference_o2, "cycle_s": cycle_s,
    }  # fmt: skip
    checked(
        {
            "factor": factor_problem(factor),
            "unit": dated.text_problem("单位", unit, UNIT_MAX),
            "valid_from": dated.start_problem(outlet, valid_from),
            "valid_to": dated.span_problem(valid_from, valid_to),
            **dated.reason_problems(document, why),
            **figure_problems(figures),
            **_replaced_problem(outlet, factor, replaces),
        }
    )
    before = _held(replaces) if replaces is not None else []
    if replaces is not None:
        dated.undo(replaces, PointSetting.objects.all(), why=why, by=by, at=at)
    checked({"valid_from": dated.taken_problem(_begins(outlet, factor, valid_from), valid_from)})
    made = PointSetting.objects.create(
        outlet=outlet, factor=factor, unit=unit.strip(), valid_from=valid_from, valid_to=valid_to,
        document=document.strip(), why=why.strip(), set_by=by, set_at=at, **figures,
    )  # fmt: skip
    detail = {
        "outlet": outlet.key, "factor": factor, "unit": made.unit, "valid_from": valid_from, "valid_to": valid_to,
        "document": made.document, "why": made.why, "replaces": replaces and replaces.pk, **figures,
    }  # fmt: skip
    audit_record(by=by, action="point_setting.set", subject=made, at=at, detail=detail)
    _tell(made, [*before, *_held(made)], "point_setting.set", by, at)
    return made


@transaction.atomic
def point_setting_undo(
    *, setting: PointSetting, why: str, at: datetime, by: User | None = None
) -> PointSetting:
    """Take a setting out of force: what lies below it, or the instrument, holds again.

    Raises:
        BadInput: no reason. StaleState: it was undone already.
    """
    require(by, "point_setting.set")
    before = _held(setting)
    undone = dated.undo(setting, PointSetting.objects.all(), why=why, by=by, at=at)
    detail = {"outlet": undone.outlet.key, "factor": undone.factor, "why": undone.undone_why}
    audit_record(by=by, action="point_setting.undone", subject=undone, at=at, detail=detail)
    _tell(undone, before, "point_setting.undone", by, at)
    return undone


def figure_problems(figures: Mapping[str, float | None]) -> dict[str, str]:
    """By field, what cannot be: no positive number, or figures that contradict each other."""
    found = {name: _figure_problem(name, value) for name, value in figures.items() if value is not None}
    top = figures["range_top"]
    for name in ("resolution", "detection_limit"):
        value = figures[name]
        if top is not None and value is not None and not found[name] and value >= top:
            found[name] = (
                f"{NAMES[name]} {value:g} 不小于量程上限 {top:g}。应小于量程上限。请核对两项。(must be below the range)"
            )
    return found


def _figure_problem(name: str, value: float) -> str:
    if not (isfinite(value) and value > 0):
        return f"{NAMES[name]}为 {value:g}。应为正数；没有则留空。请改正。(a positive number is expected)"
    if name == "reference_o2" and value >= AIR_O2:
        return f"基准氧含量为 {value:g} %。应小于 {AIR_O2} %。请改正。(below {AIR_O2} % expected)"
    if name == "cycle_s" and value > CYCLE_MAX_S:
        return (
            f"测量周期为 {value:g} 秒。应不超过 {CYCLE_MAX_S} 秒（7 天）。请改正。(at most {CYCLE_MAX_S} s)"
        )
    return ""


def _replaced_problem(outlet: Outlet, factor: str, replaces: PointSetting | None) -> dict[str, str]:
    if replaces is None or (replaces.outlet_id == outlet.pk and replaces.factor == factor):
        return {}
    return {"factor": f"更正的是 {replaces.factor} 的设置，因子应相同。请另设。(the same factor is expected)"}


def _begins(outlet: Outlet, factor: str, start: datetime) -> PointSetting | None:
    held = PointSetting.objects.filter(outlet=outlet, factor=factor, valid_from=start, undone_at=None)
    return held.first()


def _held(row: PointSetting) -> list[Stretch]:
    rows = list(PointSetting.objects.filter(outlet=row.outlet_id, factor=row.factor, undone_at=None))
    return next((held_by(one, rows) for one in rows if one.pk == row.pk), [])


def _tell(row: Any, spans: list[Stretch], cause: str, by: User | None, at: datetime) -> None:
    facts_changed(outlet=row.outlet, spans=dict.fromkeys(spans), reason="setting", cause=cause, by=by, at=at)
