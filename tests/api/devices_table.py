"""Every operation on loggers × every role × an object of our side and of the stranger's (target R3), as data."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from api_table import PARTIES
from api_world import SIDES, World

from mingcha.api import stores
from mingcha.apps.accounts.permissions import ACTIONS
from mingcha.apps.accounts.services import user_create
from mingcha.apps.devices import services
from mingcha.apps.devices.models import StationKey
from mingcha.apps.registry.models import Datalogger
from mingcha.apps.registry.services import datalogger_install, outlet_register
from mingcha.core.clock import to_us
from mingcha.store.journal import Direction, Entry, Journal

GAS = {"o": "0A" * 12, "s": "0B" * 12}  # MNs of the loggers of 2025
STRANGER = "0F" * 12
SECRET = {"o": "ourKEY7890123456", "s": "farKEY7890123456"}
SINCE = "2026-03-01T00:00:00+08:00"
RAW = b"##0077QN=20260301080000000;ST=31;CN=2011;PW=654321;MN=0F0F0F0F0F0F0F0F0F0F0F0F;Flag=5;CP=&&&&"


@dataclass
class Devices:
    """One of everything on each side."""

    loggers: dict[str, Datalogger] = field(default_factory=dict)
    keys: dict[str, StationKey] = field(default_factory=dict)
    proposed: dict[str, StationKey] = field(default_factory=dict)
    commands: dict[str, Any] = field(default_factory=dict)
    free: dict[str, Any] = field(default_factory=dict)  # outlets without a logger
    waiting: Any = None
    dismissed: Any = None
    target: Any = None


def build(world: World) -> Devices:
    found, at = Devices(), world.now
    clerk = user_create(username="clerk", name="clerk", role="city_regulator", at=at)
    for side in SIDES:
        outlet = world.outlet(side)
        owner = outlet.discharger
        gas = outlet_register(discharger=owner, code="DA005", name="五", medium="gas", at=at)
        found.free[side] = outlet_register(discharger=owner, code="DA006", name="六", medium="gas", at=at)
        (world.people.contract if side == "o" else world.people.stranger_contract).outlets.add(gas)
        logger = datalogger_install(
            outlet=gas, mn=GAS[side], st="31", edition="2025", installed_at=at - timedelta(days=9), at=at
        )
        found.loggers[side] = logger
        approved = services.key_propose(datalogger=logger, by=clerk, key=SECRET[side], at=at)
        services.key_approve(key=approved, by=world.people["city_regulator"], at=at)
        found.keys[side] = approved
        found.proposed[side] = services.key_propose(datalogger=logger, by=clerk, at=at)
        services.setting_set(datalogger=logger, dialect={}, valid_from=at, why="x", by=clerk, at=at)
        found.commands[side] = services.command_ask(
            datalogger=logger, command="get_time", values={}, by=clerk, at=at
        )
    found.waiting = services.quarantine_seen(mn=STRANGER, at=at, ref=_kept(at))
    found.dismissed = services.quarantine_seen(mn="0E" * 12, at=at, ref="g0-20260301/99/0")
    services.quarantine_dismiss(quarantine=found.dismissed, reason="测试", by=clerk, at=at)
    found.target = services.target_set(
        name="national", host="10.0.0.7", port=9212, edition="2017", password="Geh31m", by=clerk, at=at
    )
    return found


def _kept(at: datetime) -> str:
    journal = Journal(stores.journal().folder)
    (ref,) = journal.append([Entry(Direction.IN, to_us(at), "c1", STRANGER, "quarantine", RAW)])
    journal.close()
    return str(ref)


EVERYBODY = dict.fromkeys(PARTIES, "os")
STATIONS = PARTIES | {"system_admin": "os"}
Body = Callable[[World, Devices, str], dict[str, Any]]
Address = Callable[[Devices, str], str]


def nothing(world: World, d: Devices, side: str) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Row:
    """``role``: the action whose roles may ask this kind at all: others get 403 before anything is looked up.
    ``action``: who may write; "" for reading. ``sees``: whose objects a person finds."""

    method: str
    template: str
    address: Address
    role: str
    sees: dict[str, str]
    action: str = ""
    body: Body = nothing

    def expected(self, name: str, role: str, side: str) -> int:
        if self.role and role not in ACTIONS[self.role]:
            return 403
        if side not in self.sees[name]:
            return 404
        return 200 if not self.action or role in ACTIONS[self.action] else 403


def at_station(rest: str) -> Address:
    return lambda d, s: f"/api/devices/stations/{GAS[s]}/{rest}"


def adopting(world: World, d: Devices, side: str) -> dict[str, Any]:
    return {"outlet": d.free[side].key, "st": "31", "edition": "2017"}


def importing(world: World, d: Devices, side: str) -> dict[str, Any]:
    from mingcha.apps.devices.selectors import profile_export

    user = world.people["city_regulator"]
    profile = profile_export(user, d.loggers[side], world.now)
    return {
        "profile": json.loads(json.dumps(profile)),
        "stations": [GAS[side]],
        "valid_from": SINCE,
        "why": "同型",
    }


Q, T = "/api/devices/quarantine", "/api/devices/targets"
TARGET = {"name": "city", "host": "10.0.0.8", "port": 9212, "edition": "2017"}
ROWS = [
    Row("get", f"{Q}/{{quarantine_id}}", lambda d, s: f"{Q}/{d.waiting.pk}", "quarantine.view", EVERYBODY),
    Row("post", f"{Q}/{{quarantine_id}}/adopt", lambda d, s: f"{Q}/{d.waiting.pk}/adopt", "quarantine.adopt", PARTIES, "quarantine.adopt", adopting),
    Row("post", f"{Q}/{{quarantine_id}}/dismiss", lambda d, s: f"{Q}/{d.waiting.pk}/dismiss", "quarantine.view", EVERYBODY, "quarantine.dismiss", lambda w, d, s: {"reason": "外省"}),
    Row("post", f"{Q}/{{quarantine_id}}/undo", lambda d, s: f"{Q}/{d.dismissed.pk}/undo", "quarantine.view", EVERYBODY, "quarantine.undo"),
    Row("get", "/api/devices/stations/{mn}/settings", at_station("settings"), "station.view", STATIONS),
    Row("post", "/api/devices/stations/{mn}/settings", at_station("settings"), "", STATIONS, "station.set", lambda w, d, s: {"valid_from": SINCE, "why": "x"}),
    Row("get", "/api/devices/stations/{mn}/profile", at_station("profile"), "station.view", STATIONS),
    Row("post", "/api/devices/stations/{mn}/profile/copy", at_station("profile/copy"), "", STATIONS, "station.set", lambda w, d, s: {"stations": [GAS[s]], "valid_from": SINCE, "why": "x"}),
    Row("post", "/api/devices/profiles/import", lambda d, s: "/api/devices/profiles/import", "", STATIONS, "station.set", importing),
    Row("post", "/api/devices/keys", lambda d, s: "/api/devices/keys", "", STATIONS, "key.propose", lambda w, d, s: {"mn": GAS[s]}),
    Row("post", "/api/devices/keys/{key_id}/approve", lambda d, s: f"/api/devices/keys/{d.proposed[s].pk}/approve", "key.view", STATIONS, "key.approve"),
    Row("post", "/api/devices/keys/{key_id}/reject", lambda d, s: f"/api/devices/keys/{d.proposed[s].pk}/reject", "key.view", STATIONS, "key.reject", lambda w, d, s: {"why": "x"}),
    Row("post", "/api/devices/keys/{key_id}/send", lambda d, s: f"/api/devices/keys/{d.keys[s].pk}/send", "key.view", STATIONS, "key.send"),
    Row("get", "/api/devices/commands/{command_id}", lambda d, s: f"/api/devices/commands/{d.commands[s].pk}", "command.view", STATIONS),
    Row("post", "/api/devices/commands", lambda d, s: "/api/devices/commands", "", STATIONS, "command.ask", lambda w, d, s: {"mn": GAS[s], "command": "get_time"}),
    Row("post", "/api/devices/commands/{command_id}/cancel", lambda d, s: f"/api/devices/commands/{d.commands[s].pk}/cancel", "command.view", STATIONS, "command.cancel"),
    Row("post", T, lambda d, s: T, "target.set", EVERYBODY, "target.set", lambda w, d, s: TARGET),
    Row("post", f"{T}/{{name}}/switch", lambda d, s: f"{T}/national/switch", "target.view", EVERYBODY, "target.set", lambda w, d, s: {"on": True}),
    Row("post", f"{T}/{{name}}/stations", lambda d, s: f"{T}/national/stations", "target.view", EVERYBODY, "target.set", lambda w, d, s: {"station": GAS[s], "mn": "0D" * 12}),
]  # fmt: skip


@dataclass(frozen=True)
class List:
    """``key`` tells an object of the list; ``of``: that of a side's."""

    template: str
    role: str
    sees: dict[str, str]
    key: str
    of: Callable[[Devices, str], Any]


LISTS = [
    List(Q, "quarantine.view", EVERYBODY, "id", lambda d, s: d.waiting.pk),
    List("/api/devices/stations", "", STATIONS, "mn", lambda d, s: GAS[s]),
    List("/api/devices/keys", "key.view", STATIONS, "id", lambda d, s: d.keys[s].pk),
    List("/api/devices/commands", "command.view", STATIONS, "id", lambda d, s: d.commands[s].pk),
    List(T, "target.view", EVERYBODY, "name", lambda d, s: "national"),
    List("/api/devices/editions", "station.view", STATIONS, "mn", lambda d, s: GAS[s]),
]
DEVICE_OPERATIONS = {(row.method, row.template) for row in ROWS} | {("get", row.template) for row in LISTS}
