"""What statistics rest on: point settings, schedules and permitted amounts of an outlet, with all that was undone."""

from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema

from mingcha.api.access import viewer
from mingcha.api.shapes import AskedMoment, Moment, Number, answers, exact
from mingcha.apps.accounts.permissions import require
from mingcha.apps.registry import selectors, services
from mingcha.core.clock import now
from mingcha.core.errors import NotFound

router = Router()


class Entered(Schema):
    """``set_by`` None: the platform itself. ``undone_at`` None: in force, as far as its dates say."""

    id: int
    factor: str
    document: str
    why: str
    set_by: str | None
    set_at: Moment
    undone_by: str | None
    undone_at: Moment | None
    undone_why: str


class PointSettingOut(Entered):
    """``valid_to`` None: open. A figure that is None takes the instrument's."""

    unit: str
    range_top: float | None
    resolution: float | None
    detection_limit: float | None
    reference_o2: float | None
    cycle_s: int | None
    valid_from: Moment
    valid_to: Moment | None


class ScheduleOut(Entered):
    """``factor`` "": all. ``hours`` of the Beijing day, ``weekdays`` from Monday = 0, in which data are due."""

    hours: list[int]
    weekdays: list[int]
    cause: str
    valid_from: Moment
    valid_to: Moment | None


class AmountOut(Entered):
    """``outlet`` None: of the whole discharger. ``period``: year, q1 to q4, m01 to m12. ``tonnes``: text."""

    outlet: str | None
    year: int
    period: str
    tonnes: str
    clause: str


class PointSettings(Schema):
    items: list[PointSettingOut]


class Schedules(Schema):
    items: list[ScheduleOut]


class Amounts(Schema):
    items: list[AmountOut]


class Reasoned(Schema):
    """``replaces``: number of a wrong row, undone in the same breath."""

    document: str
    why: str
    replaces: Number | None = None


class Dated(Reasoned):
    valid_from: AskedMoment
    valid_to: AskedMoment | None = None


class PointSettingIn(Dated):
    factor: str
    unit: str
    range_top: float | None = None
    resolution: float | None = None
    detection_limit: float | None = None
    reference_o2: float | None = None
    cycle_s: int | None = None


class ScheduleIn(Dated):
    factor: str = ""
    hours: list[int]
    weekdays: list[int]
    cause: str


class AmountIn(Reasoned):
    """``whole``: of the whole discharger instead of this outlet."""

    factor: str
    year: int
    period: str = "year"
    tonnes: str
    clause: str = ""
    whole: bool = False


class UndoIn(Schema):
    why: str


@router.get("/outlets/{uscc}/{code}/settings", response=answers(PointSettings))
def point_setting_list(request: HttpRequest, uscc: str, code: str) -> PointSettings:
    """How the factors are measured, the newest of each first. Of two that hold, the one that began later counts."""
    rows = selectors.point_settings_of(_outlet(request, uscc, code))
    return PointSettings(items=[_point(row) for row in rows])


@router.post("/outlets/{uscc}/{code}/settings", response=answers(PointSettingOut, write=True))
def point_setting_set(request: HttpRequest, uscc: str, code: str, given: PointSettingIn) -> PointSettingOut:
    """Let a factor be measured so from a moment on; what was computed since is computed again."""
    outlet, by = _writing(request, uscc, code, "point_setting.set")
    made = services.point_setting_set(
        outlet=outlet, by=by, at=now(), **_given(given, selectors.point_settings_of(outlet))
    )
    return _point(made)


@router.post("/outlets/{uscc}/{code}/settings/{number}/undo", response=answers(PointSettingOut, write=True))
def point_setting_undo(
    request: HttpRequest, uscc: str, code: str, number: Path[Number], given: UndoIn
) -> PointSettingOut:
    """Take a setting out of force; it stays readable."""
    outlet, by = _writing(request, uscc, code, "point_setting.set")
    row = _one(selectors.point_settings_of(outlet), number)
    return _point(services.point_setting_undo(setting=row, why=given.why, by=by, at=now()))


@router.get("/outlets/{uscc}/{code}/schedules", response=answers(Schedules))
def schedule_list(request: HttpRequest, uscc: str, code: str) -> Schedules:
    """In which hours data are due; without one, every hour."""
    rows = selectors.schedules_of(_outlet(request, uscc, code))
    return Schedules(items=[_schedule(row) for row in rows])


@router.post("/outlets/{uscc}/{code}/schedules", response=answers(ScheduleOut, write=True))
def schedule_set(request: HttpRequest, uscc: str, code: str, given: ScheduleIn) -> ScheduleOut:
    """Enter when data are due of a batch discharger or of an analyser that outlets share."""
    outlet, by = _writing(request, uscc, code, "schedule.set")
    made = services.schedule_set(
        outlet=outlet, by=by, at=now(), **_given(given, selectors.schedules_of(outlet))
    )
    return _schedule(made)


@router.post("/outlets/{uscc}/{code}/schedules/{number}/undo", response=answers(ScheduleOut, write=True))
def schedule_undo(
    request: HttpRequest, uscc: str, code: str, number: Path[Number], given: UndoIn
) -> ScheduleOut:
    """Take a schedule out of force; it stays readable."""
    outlet, by = _writing(request, uscc, code, "schedule.set")
    row = _one(selectors.schedules_of(outlet), number)
    return _schedule(services.schedule_undo(schedule=row, why=given.why, by=by, at=now()))


@router.get("/outlets/{uscc}/{code}/amounts", response=answers(Amounts))
def amount_list(request: HttpRequest, uscc: str, code: str) -> Amounts:
    """What the permit allows of this outlet and of its whole discharger."""
    rows = selectors.permitted_amounts_of(_outlet(request, uscc, code))
    return Amounts(items=[_amount(row) for row in rows])


@router.post("/outlets/{uscc}/{code}/amounts", response=answers(AmountOut, write=True))
def amount_set(request: HttpRequest, uscc: str, code: str, given: AmountIn) -> AmountOut:
    """Enter what the permit allows in a year or a part of it."""
    outlet, by = _writing(request, uscc, code, "amount.set")
    values = _given(given, selectors.permitted_amounts_of(outlet))
    whole = values.pop("whole")
    made = services.permitted_amount_set(
        discharger=outlet.discharger, outlet=None if whole else outlet, by=by, at=now(), **values
    )
    return _amount(made)


@router.post("/outlets/{uscc}/{code}/amounts/{number}/undo", response=answers(AmountOut, write=True))
def amount_undo(request: HttpRequest, uscc: str, code: str, number: Path[Number], given: UndoIn) -> AmountOut:
    """Take an amount out of force; it stays readable."""
    outlet, by = _writing(request, uscc, code, "amount.set")
    row = _one(selectors.permitted_amounts_of(outlet), number)
    return _amount(services.permitted_amount_undo(amount=row, why=given.why, by=by, at=now()))


def _outlet(request: HttpRequest, uscc: str, code: str) -> Any:
    return selectors.outlet_get(viewer(request), uscc, code)


def _writing(request: HttpRequest, uscc: str, code: str, action: str) -> tuple[Any, Any]:
    outlet = _outlet(request, uscc, code)
    require(viewer(request), action)
    return outlet, viewer(request)


def _one(rows: Any, number: int) -> Any:
    found = rows.filter(pk=number).first()
    if found is None:
        raise NotFound(f"no row {number}")
    return found


def _given(given: Reasoned, rows: Any) -> dict[str, Any]:
    values = given.dict()
    number = values.pop("replaces")
    return values | {"replaces": None if number is None else _one(rows, number)}


def _entered(row: Any) -> dict[str, Any]:
    named = {name: getattr(row, name) for name in Entered.model_fields if name not in ("set_by", "undone_by")}
    people = {name: _name(getattr(row, name)) for name in ("set_by", "undone_by")}
    return named | people


def _name(user: Any) -> str | None:
    return None if user is None else str(user)


def _own(row: Any, shape: type[Schema]) -> dict[str, Any]:
    wanted = set(shape.model_fields) - set(Entered.model_fields)
    return _entered(row) | {name: getattr(row, name) for name in wanted}


def _point(row: Any) -> PointSettingOut:
    return PointSettingOut(**_own(row, PointSettingOut))


def _schedule(row: Any) -> ScheduleOut:
    return ScheduleOut(**_own(row, ScheduleOut))


def _amount(row: Any) -> AmountOut:
    outlet = None if row.outlet is None else row.outlet.key
    return AmountOut(**_own(row, AmountOut) | {"outlet": outlet, "tonnes": exact(row.tonnes)})
