"""A small world for the upper apps: two districts, two dischargers, two agencies, and people of every role."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from mingcha.apps.accounts.models import District, Organisation, User
from mingcha.apps.accounts.roles import Role
from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.services import finding_record_verdicts
from mingcha.apps.maintenance.models import Contract, Task, Visit
from mingcha.apps.maintenance.services import (
    contract_sign,
    record_save,
    task_plan,
    visit_sign_in,
    visit_submit,
)
from mingcha.apps.registry.models import Outlet
from mingcha.core.clues import Clue
from mingcha.core.verdicts import Level, Receipt, Result, Verdict
from mingcha.flow.values import Judgement

MORNING = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)  # 09:30 Beijing, a Monday
PHOTO = "ab" * 32
STATION = (31.2304, 121.4737)


def later(**how: float) -> datetime:
    return MORNING + timedelta(**how)


@dataclass
class World:
    near: District
    far: District
    discharger: Organisation
    stranger: Organisation
    agency: Organisation
    rival: Organisation
    gas: Outlet
    water: Outlet
    strange_gas: Outlet
    contract: Contract
    people: dict[str, User] = field(default_factory=dict)

    def person(self, name: str) -> User:
        return self.people[name]

    def sign_in(self, **changes: object) -> Visit:
        how = {
            "technician": self.person("technician"), "outlet": self.water, "activity": "repair", "at": MORNING,
            "device_at": MORNING, "latitude": STATION[0], "longitude": STATION[1], "accuracy_m": 10.0, "photo_sha256": PHOTO,
        }  # fmt: skip
        return visit_sign_in(**(how | changes))

    def fill(self, visit: Visit, *, at: datetime = MORNING, author: str = "technician") -> Visit:
        """The one record a water repair asks for."""
        record_save(visit=visit, form="ww_repair", values=REPAIR, author=self.person(author), at=at)
        return visit


REPAIR = {
    "station_name": "一号站房",
    "equipment_id": "1",
    "equipment_name": "COD 分析仪",
    "equipment_model": "X1",
    "equipment_serial": "S1",
    "fault_start": "2026-11-23T08:00",
    "fault_description": "进样管堵塞",
    "repair_start": "2026-11-23T09:35",
    "repair_end": "2026-11-23T09:50",
    "units": [{"unit": "sampling", "work": "疏通并清洗"}],
    "calibration_after": "正常",
    "comparison_after": "正常",
    "back_in_use": "2026-11-23T10:00",
    "core_changed": False,
    "technician_signature": "张三",
}


def person(world_people: dict[str, User], name: str, role: str, **where: object) -> None:
    world_people[name] = User.objects.create(username=name, name=name, role=role, **where)


def build_world() -> World:
    near = District.objects.create(code="310115", name="浦东新区")
    far = District.objects.create(code="310112", name="闵行区")

    def organisation(uscc: str, name: str, kind: str, district: District) -> Organisation:
        return Organisation.objects.create(uscc=uscc, name=name, kind=kind, district=district)

    discharger = organisation("91310115MA1K00001A", "东方化工", "discharger", near)
    stranger = organisation("91310112MA1K00002B", "西山印染", "discharger", far)
    agency = organisation("91310115MA1K00003C", "清源运维", "agency", near)
    rival = organisation("91310112MA1K00004D", "蓝天运维", "agency", far)

    def outlet(owner: Organisation, code: str, medium: str, **more: object) -> Outlet:
        return Outlet.objects.create(
            discharger=owner,
            code=code,
            name=f"{code}口",
            medium=medium,
            latitude=STATION[0],
            longitude=STATION[1],
            **more,
        )

    gas = outlet(discharger, "DA001", "gas", principle="extractive")
    water = outlet(discharger, "DW001", "water")
    strange_gas = outlet(stranger, "DA001", "gas", principle="extractive")
    span = {"start": date(2026, 1, 1), "end": date(2026, 12, 31), "at": MORNING}
    contract = contract_sign(
        agency=agency, discharger=discharger, outlets=[gas, water], number="HT-1", **span
    )
    contract_sign(agency=rival, discharger=stranger, outlets=[strange_gas], number="HT-2", **span)
    people: dict[str, User] = {}
    for role in (Role.DISCHARGER_ADMIN, Role.DISCHARGER_OFFICER, Role.DISCHARGER_CONFIRMER):
        person(people, role.value, role, organisation=discharger)
        person(people, f"strange_{role.value}", role, organisation=stranger)
    for role in (Role.AGENCY_ADMIN, Role.TECHNICIAN, Role.AGENCY_REVIEWER):
        person(people, role.value, role, organisation=agency)
        person(people, f"rival_{role.value}", role, organisation=rival)
    person(people, "second_technician", Role.TECHNICIAN, organisation=agency)
    person(people, "laboratory", Role.LABORATORY)
    for role in (Role.DISTRICT_REGULATOR, Role.ENFORCEMENT):
        person(people, f"near_{role.value}", role, district=near)
        person(people, f"far_{role.value}", role, district=far)
    for role in (
        Role.CITY_REGULATOR,
        Role.MONITORING_CENTRE,
        Role.ENFORCEMENT,
        Role.CREDIT_PANEL,
        Role.AUDITOR,
        Role.SYSTEM_ADMIN,
    ):
        person(people, f"city_{role.value}", role)
    return World(near, far, discharger, stranger, agency, rival, gas, water, strange_gas, contract, people)


# Who sees an object of the near discharger, served by the agency, and who sees one of the stranger.
OWN = {"discharger_admin", "discharger_officer", "discharger_confirmer"}
SERVING = {"agency_admin", "technician", "agency_reviewer", "second_technician"}
NEAR = {"near_district_regulator", "near_enforcement"}
FAR = {"far_district_regulator", "far_enforcement"}
CITY = {
    "city_city_regulator",
    "city_monitoring_centre",
    "city_enforcement",
    "city_credit_panel",
    "city_auditor",
}
STRANGE = {f"strange_{name}" for name in OWN}
RIVAL = {"rival_agency_admin", "rival_technician", "rival_agency_reviewer"}
NOBODY = {"laboratory", "city_system_admin"}
EVERYBODY = OWN | SERVING | NEAR | FAR | CITY | STRANGE | RIVAL | NOBODY


# Visits under way


DUE = datetime(2026, 11, 23, 16, tzinfo=UTC)  # 24:00 Beijing of the day


def submitted(world: World, **changes) -> Visit:
    visit = world.fill(world.sign_in(**changes))
    return visit_submit(visit=visit, by=world.person("technician"), at=later(minutes=40))


def task(world: World, **changes) -> Task:
    how = {
        "contract": world.contract, "outlet": world.water, "activity": "repair", "at": MORNING,
        "window_start": later(hours=-1), "window_end": later(hours=8),
    }  # fmt: skip
    return task_plan(**(how | changes))


# Things to find


def verdict(level: Level | None, value: float = 1.0) -> Verdict:
    receipt = Receipt("hj75.hour_limit", "1", "附录C.6", "only one", inputs={"value": value})
    result = Result.MET if level is None else Result.EXCEEDED
    return Verdict(
        result,
        "over",
        f"SO2 {value} 超过限值",
        f"SO2 {value} above the limit",
        level,
        {"value": value},
        receipt,
    )


def judged(
    world: World,
    hour: float,
    *,
    hours: float = 1,
    level: Level | None = Level.GENERAL,
    value: float = 1.0,
    factor: str = "a21026",
) -> Judgement:
    start = later(hours=hour)
    return Judgement(
        "hj75.hour_limit", world.gas.key, factor, start, start + timedelta(hours=hours), verdict(level, value)
    )


def record(*items: Judgement, at=MORNING) -> list[Finding]:
    return finding_record_verdicts(judgements=items, at=at)


def clue(world: World, hour: float, *, hours: float = 6, score: float = 0.8) -> Clue:
    start = later(hours=hour)
    return Clue(
        world.gas.key, "a21026", start, start + timedelta(hours=hours), "constant_run", "1", score, Level.GENERAL, "malfunction",
        "疑似恒值", "Looks constant",
    )  # fmt: skip
