"""A small region for page tests: two dischargers, two agencies, people of every role, tasks, readings, snapshots.

Everything is made by services. ``world(now)`` gives the names the tests use.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from mingcha.apps.accounts.services import district_register, organisation_register, user_create
from mingcha.apps.accounts.values import uscc_check_digit
from mingcha.apps.disclosure.services import snapshot_publish
from mingcha.apps.disclosure.values import PublicMark, content_for
from mingcha.apps.maintenance.services import contract_sign, task_assign, task_plan
from mingcha.apps.registry.selectors import outlet_facts
from mingcha.apps.registry.services import (
    datalogger_install,
    discharger_register,
    instrument_install,
    limit_set,
    outlet_register,
)
from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.clock import beijing_day, hour_start
from mingcha.core.packets import REALTIME, FactorReading, Packet
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry

PASSWORD = "correct horse battery"
STATION = (31.2304, 121.4737)
MN = "310101000000010000000A01"
NOX, PM = "a21002", "a34013"
STRANGERS = ("discharger_confirmer", "agency_admin", "technician", "agency_reviewer")
ROLES = (
    "discharger_admin", "discharger_officer", "discharger_confirmer", "agency_admin", "technician", "agency_reviewer",
    "district_regulator", "city_regulator", "monitoring_centre", "enforcement", "credit_panel", "system_admin", "auditor",
)  # fmt: skip


@dataclass
class World:
    """``people``: by role; ``strangers``: the four roles of the small loop at the other discharger and agency."""

    now: datetime
    people: dict[str, Any]
    strangers: dict[str, Any]
    outlet: Any
    foreign: Any
    agency: Any
    task: Any
    foreign_task: Any


def uscc(number: int, district: str = "310101") -> str:
    body = f"91{district}{number:09d}"
    return body + uscc_check_digit(body)


def world(now: datetime) -> World:
    home = district_register(code="310101", name="黄浦区", name_en="Huangpu", at=now, column=1, row=1)
    away = district_register(code="310115", name="浦东新区", name_en="Pudong", at=now, column=2, row=1)
    mine = discharger_register(uscc=uscc(1), name="沪东热电有限公司", district=home, at=now).organisation
    other = discharger_register(
        uscc=uscc(2, "310115"), name="浦南水质净化厂", district=away, at=now
    ).organisation
    agency = organisation_register(
        uscc=uscc(3),
        name="清源环境运维有限公司",
        kind="agency",
        district=home,
        at=now,
        address="上海市黄浦区",
    )
    rival = organisation_register(
        uscc=uscc(4), name="蓝天监测技术有限公司", kind="agency", district=away, at=now
    )
    outlet = outlet_register(
        discharger=mine, code="DA001", name="1#锅炉烟囱", medium="gas", at=now, principle="extractive",
        latitude=STATION[0], longitude=STATION[1], source_type="coal boiler",
    )  # fmt: skip
    foreign = outlet_register(discharger=other, code="DW001", name="总排口", medium="water", at=now)
    long_ago = now - timedelta(days=100)
    for factor, unit in ((NOX, "mg/m3"), (PM, "mg/m3")):
        instrument_install(
            outlet=outlet,
            factor=factor,
            unit=unit,
            at=now,
            maker="聚光",
            model="CEMS-2000",
            installed_at=long_ago,
        )
        limit_set(
            outlet=outlet, factor=factor, value="100" if factor == NOX else "20", unit="mg/m3", averaging="hour",
            document="GB 13223-2011", valid_from=date(2020, 1, 1), at=now,
        )  # fmt: skip
    datalogger_install(outlet=outlet, mn=MN, st="31", edition="2017", at=now, installed_at=long_ago)
    tasks = [
        _work(agency, mine, outlet, "patrol", "C-001", now),
        _work(rival, other, foreign, "patrol", "C-002", now),
    ]
    people = _people(now, mine, agency, home, "", ROLES)
    strangers = _people(now, other, rival, away, "x_", STRANGERS)
    for task, crew in zip(tasks, (people, strangers), strict=True):
        task_assign(task=task, assignee=crew["technician"], at=now, by=crew["agency_admin"])
    return World(now, people, strangers, outlet, foreign, agency, tasks[0], tasks[1])


def _work(agency: Any, discharger: Any, outlet: Any, activity: str, number: str, now: datetime) -> Any:
    day = beijing_day(now)
    contract = contract_sign(
        agency=agency, discharger=discharger, outlets=[outlet], number=number,
        start=day - timedelta(days=90), end=day + timedelta(days=270), at=now,
    )  # fmt: skip
    for days in (9, 20):
        task_plan(
            contract=contract, outlet=outlet, activity="calibration" if outlet.medium == "gas" else "standard_check", clause="HJ 75-2017 11.2",
            window_start=now + timedelta(days=days - 7), window_end=now + timedelta(days=days), at=now,
        )  # fmt: skip
    return task_plan(
        contract=contract, outlet=outlet, activity=activity, clause="HJ 75-2017 10.2",
        window_start=now - timedelta(days=5), window_end=now + timedelta(days=2), at=now,
    )  # fmt: skip


def _people(
    now: datetime, discharger: Any, agency: Any, district: Any, prefix: str, roles: tuple[str, ...]
) -> dict[str, Any]:
    names = dict(
        zip(
            ROLES,
            [
                "赵敏",
                "钱伟",
                "孙丽",
                "李强",
                "周涛",
                "吴静",
                "郑刚",
                "王芳",
                "冯军",
                "陈立",
                "褚健",
                "卫东",
                "蒋文",
            ],
            strict=True,
        )
    )
    homes = {"discharger": discharger, "agency": agency, "technic": agency}
    return {
        role: user_create(
            username=prefix + role, name=names[role] + ("甲" if prefix else ""), role=role, at=now, password=PASSWORD,
            organisation=next((home for key, home in homes.items() if role.startswith(key)), None),
            district=district if role == "district_regulator" else None,
        )
        for role in roles
    }  # fmt: skip


def telemetry(store: Telemetry, now: datetime) -> None:
    """A day of real-time readings by ten minutes, the newest just now."""
    packets = []
    for step in range(144, -1, -1):
        moment = now - timedelta(minutes=10 * step, seconds=20)
        values = {NOX: f"{62 + 9 * ((step % 18) - 9) / 9:.1f}", PM: f"{7 + (step % 5) / 5:.2f}"}
        readings = tuple(FactorReading(f, (("Rtd", text),), "N") for f, text in values.items())
        packets.append(
            Packet(
                MN,
                "31",
                REALTIME,
                moment.replace(microsecond=0),
                readings,
                received=now - timedelta(minutes=10 * step),
            )
        )
    store.write(packets, position=FrameRef("g0-20261123", 1, 0))


def publish(found: World) -> None:
    """Two versions of the outlet's public page: one exceedance, a stop, a mark, one revised hour."""
    last = hour_start(found.now)
    hours = []
    for back in range(24, 0, -1):
        start = last - timedelta(hours=back)
        code = (
            HourCode.STOPPED
            if back in (9, 10, 11)
            else HourCode.CALIBRATION
            if back == 4
            else HourCode.NORMAL
        )
        for factor, base in ((NOX, 66.0), (PM, 7.2)):
            value = None if code is not HourCode.NORMAL else base + (back % 7) * base / 30
            if factor == NOX and back == 6:
                value = 118.4
            hours.append(HourValue(found.outlet.key, factor, start, code, 60 if value else 0, value))
    facts = outlet_facts(found.outlet.key, beijing_day(found.now))
    stop = Span(last - timedelta(hours=11), last - timedelta(hours=8))
    for versions in ({}, {(NOX, last - timedelta(hours=2)): 2}):
        content = content_for(
            found.outlet,
            hours,
            facts.limits,
            [PublicMark("", stop, "停运", "Source stopped")],
            versions,
            found.now,
        )
        snapshot_publish(
            outlet=found.outlet, content=content, at=found.now, why="revision" if versions else "hour"
        )
