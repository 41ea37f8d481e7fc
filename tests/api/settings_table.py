"""Every operation on settings, schedules, amounts and quarters × every role × an object of either side, as data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from api_table import PARTIES
from api_world import SIDES, World

from mingcha.api import stores
from mingcha.apps.accounts.permissions import ACTIONS
from mingcha.apps.marking import lock, quarters
from mingcha.apps.marking.services import codes_open
from mingcha.apps.registry.services import (
    datalogger_install,
    instrument_install,
    outlet_register,
    permitted_amount_set,
    point_setting_set,
    schedule_set,
)

FACTOR = {"o": "a21002", "s": "w01018"}
MNS = {"o": "0C" * 12, "s": "0D" * 12}


@dataclass
class Settings:
    """One of everything on each side; ``gas``: an outlet whose codes are confirmed, in ``quarter`` (past its term)."""

    points: dict[str, Any] = field(default_factory=dict)
    schedules: dict[str, Any] = field(default_factory=dict)
    amounts: dict[str, Any] = field(default_factory=dict)
    gas: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Any] = field(default_factory=dict)
    quarter: tuple[int, int] = (0, 0)


def build(world: World) -> Settings:
    at = world.now
    found = Settings(quarter=lock.before(lock.last_ended(at)))
    for side in SIDES:
        outlet, since = world.outlet(side), at - timedelta(days=20)
        reasons = {"document": "备案表", "why": "核定", "at": at}
        found.points[side] = point_setting_set(
            outlet=outlet, factor=FACTOR[side], unit="mg/m3", valid_from=since, **reasons
        )
        found.schedules[side] = schedule_set(
            outlet=outlet, hours=[8], weekdays=[0], cause="no_discharge", valid_from=since, **reasons
        )
        found.amounts[side] = permitted_amount_set(
            discharger=outlet.discharger, outlet=outlet, factor=FACTOR[side], year=2026, tonnes="3", **reasons
        )
        gas = outlet_register(discharger=outlet.discharger, code="DA005", name="五", medium="gas", at=at)
        (world.people.contract if side == "o" else world.people.stranger_contract).outlets.add(gas)
        old = at - timedelta(days=500)
        datalogger_install(outlet=gas, mn=MNS[side], st="31", edition="2017", installed_at=old, at=at)
        instrument_install(outlet=gas, factor="a21026", unit="mg/m3", installed_at=old, at=at)
        year, quarter = found.quarter
        found.gas[side] = gas
        found.codes[side] = codes_open(outlet=gas, year=year, quarter=quarter, at=at)
    return found


Body = Callable[[World, Settings, str], dict[str, Any]]
Address = Callable[[World, Settings, str], str]


@dataclass(frozen=True)
class Row:
    method: str
    template: str
    address: Address
    action: str = ""
    body: Body = lambda world, held, side: {}

    def expected(self, name: str, role: str, side: str) -> int:
        if side not in PARTIES[name]:
            return 404
        return 200 if not self.action or role in ACTIONS[self.action] else 403


def at_outlet(rest: str) -> Address:
    return lambda w, h, s: f"{w.path(s)}/{rest}"


def at_row(kind: str) -> Address:
    return lambda w, h, s: (
        f"{w.path(s)}/{kind}/{getattr(h, 'points' if kind == 'settings' else kind)[s].pk}/undo"
    )


def at_codes(rest: str = "") -> Address:
    def address(world: World, held: Settings, side: str) -> str:
        year, quarter = held.quarter
        return f"/api/outlets/{held.gas[side].key}/codes/{year}/{quarter}{rest}"

    return address


def why(world: World, held: Settings, side: str) -> dict[str, Any]:
    return {"why": "填错"}


def point(world: World, held: Settings, side: str) -> dict[str, Any]:
    return {
        "factor": FACTOR[side], "unit": "mg/m3", "range_top": 300, "valid_from": (world.now - timedelta(days=1)).isoformat(),
        "document": "备案表", "why": "换量程",
    }  # fmt: skip


def hours(world: World, held: Settings, side: str) -> dict[str, Any]:
    return {
        "hours": [8, 9], "weekdays": [0, 1], "cause": "off_schedule", "valid_from": (world.now - timedelta(days=1)).isoformat(),
        "document": "备案表", "why": "分时", "replaces": held.schedules[side].pk,
    }  # fmt: skip


def tonnes(world: World, held: Settings, side: str) -> dict[str, Any]:
    return {"factor": FACTOR[side], "year": 2025, "tonnes": "2.5", "document": "许可证", "why": "换证"}


def confirming(world: World, held: Settings, side: str) -> dict[str, Any]:
    figures = quarters.figures_now(stores.telemetry(), held.gas[side], *held.quarter)
    return {"digest": figures["digest"], "comment": "已核对"}


P, Q = "/api/outlets/{uscc}/{code}", "/api/outlets/{uscc}/{code}/codes/{year}/{quarter}"
ROWS = [
    Row("get", f"{P}/settings", at_outlet("settings")),
    Row("post", f"{P}/settings", at_outlet("settings"), "point_setting.set", point),
    Row("post", f"{P}/settings/{{number}}/undo", at_row("settings"), "point_setting.set", why),
    Row("get", f"{P}/schedules", at_outlet("schedules")),
    Row("post", f"{P}/schedules", at_outlet("schedules"), "schedule.set", hours),
    Row("post", f"{P}/schedules/{{number}}/undo", at_row("schedules"), "schedule.set", why),
    Row("get", f"{P}/amounts", at_outlet("amounts")),
    Row("post", f"{P}/amounts", at_outlet("amounts"), "amount.set", tonnes),
    Row("post", f"{P}/amounts/{{number}}/undo", at_row("amounts"), "amount.set", why),
    Row("get", Q, at_codes()),
    Row("post", f"{Q}/confirm", at_codes("/confirm"), "codes.confirm", confirming),
    Row("post", f"{Q}/reopen", at_codes("/reopen"), "codes.reopen", why),
    Row("post", "/api/marks/{mark_id}/accept", lambda w, h, s: f"/api/marks/{w.marks[s].pk}/accept", "mark.decide"),
    Row("post", "/api/marks/{mark_id}/question", lambda w, h, s: f"/api/marks/{w.marks[s].pk}/question", "mark.decide", lambda w, h, s: {"comment": "疑"}),
]  # fmt: skip
SETTING_OPERATIONS = {(row.method, row.template) for row in ROWS} | {("get", "/api/codes")}
