"""A discharger, its agency, the authorities, and strangers: every page and selector is tried by all of them.

``people(at)`` makes them in the test's database by the services. Nobody has a password: use
``client.force_login``, or ``with_password`` where the sign-in itself is tried.
"""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mingcha.apps.accounts.models import District, Organisation, User
from mingcha.apps.accounts.roles import AGENCY_ROLES, DISCHARGER_ROLES, Role
from mingcha.apps.accounts.services import district_register, organisation_register, password_set, user_create
from mingcha.apps.accounts.values import uscc_check_digit
from mingcha.apps.maintenance.models import Contract
from mingcha.apps.maintenance.services import contract_sign
from mingcha.apps.registry.models import Datalogger, Outlet
from mingcha.apps.registry.services import (
    datalogger_install,
    discharger_register,
    instrument_install,
    limit_set,
    outlet_register,
)
from mingcha.core import clock
from mingcha.core.clock import beijing_day

HOME, AWAY = "319191", "319192"  # no real district has such a code
MN, OTHER_MN = "0100000000000000000000A1", "0100000000000000000000B2"
CITY = (
    Role.CITY_REGULATOR, Role.MONITORING_CENTRE, Role.ENFORCEMENT, Role.CREDIT_PANEL, Role.AUDITOR, Role.SYSTEM_ADMIN,
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """``persons``: by name. Roles stand for our side; ``stranger_`` and a role for the other district's;
    ``district_enforcement`` is bound to our district, ``enforcement`` to none."""

    district: District
    other_district: District
    discharger: Organisation
    agency: Organisation
    laboratory: Organisation
    stranger: Organisation
    stranger_agency: Organisation
    outlet: Outlet
    stranger_outlet: Outlet
    datalogger: Datalogger
    stranger_datalogger: Datalogger
    contract: Contract
    stranger_contract: Contract
    persons: dict[str, User]

    def __getitem__(self, name: str) -> User:
        return self.persons[name]

    @property
    def strangers(self) -> list[User]:
        """Who must never learn of our side."""
        return [user for name, user in self.persons.items() if name.startswith("stranger_")]


def uscc(serial: int, district: str = HOME) -> str:
    """An invented code that fits GB 32100."""
    body = f"91{district}{serial:09d}"
    return body + uscc_check_digit(body)


def people(at: datetime) -> People:
    """Everybody, and one outlet of each side with logger, limit, instrument and running contract."""
    home = district_register(code=HOME, name="甲区", name_en="District A", column=0, row=0, at=at)
    away = district_register(code=AWAY, name="乙区", name_en="District B", column=1, row=0, at=at)
    agency = organisation_register(uscc=uscc(1), name="甲运维", kind="agency", district=home, at=at)
    other = organisation_register(uscc=uscc(2, AWAY), name="乙运维", kind="agency", district=away, at=at)
    laboratory = organisation_register(uscc=uscc(3), name="甲检测", kind="laboratory", district=home, at=at)
    outlet, datalogger, contract = _side(10, "甲厂", home, agency, "DA001", "gas", MN, at)
    far_outlet, far_logger, far_contract = _side(20, "乙厂", away, other, "DW001", "water", OTHER_MN, at)
    ours, theirs = outlet.discharger, far_outlet.discharger
    persons = {role: _person(role, at) for role in CITY}
    persons |= {role: _person(role, at, organisation=ours) for role in sorted(DISCHARGER_ROLES)}
    persons |= {role: _person(role, at, organisation=agency) for role in sorted(AGENCY_ROLES)}
    persons[Role.LABORATORY] = _person(Role.LABORATORY, at, organisation=laboratory)
    persons[Role.DISTRICT_REGULATOR] = _person(Role.DISTRICT_REGULATOR, at, district=home)
    named = {str(role): user for role, user in persons.items()}
    named["district_enforcement"] = _person(Role.ENFORCEMENT, at, district=home, name="district_enforcement")
    for role in sorted(DISCHARGER_ROLES):
        named[f"stranger_{role}"] = _person(role, at, organisation=theirs, name=f"stranger_{role}")
    for role in sorted(AGENCY_ROLES):
        named[f"stranger_{role}"] = _person(role, at, organisation=other, name=f"stranger_{role}")
    for role in (Role.DISTRICT_REGULATOR, Role.ENFORCEMENT):
        named[f"stranger_{role}"] = _person(role, at, district=away, name=f"stranger_{role}")
    return People(
        home, away, ours, agency, laboratory, theirs, other, outlet, far_outlet, datalogger, far_logger,
        contract, far_contract, named,
    )  # fmt: skip


def with_password(user: User, at: datetime) -> str:
    """Give ``user`` a random password and return it."""
    password = secrets.token_urlsafe(16)
    password_set(user=user, password=password, at=at)
    return password


def _person(
    role: str,
    at: datetime,
    *,
    name: str = "",
    organisation: Organisation | None = None,
    district: District | None = None,
) -> User:
    username = name or str(role)
    return user_create(
        username=username, name=username, role=role, organisation=organisation, district=district, at=at
    )


def _side(
    serial: int,
    name: str,
    district: District,
    agency: Organisation,
    code: str,
    medium: str,
    mn: str,
    at: datetime,
) -> tuple[Outlet, Datalogger, Contract]:
    profile = discharger_register(
        uscc=uscc(serial, district.code), name=name, district=district, permit_category="key",
        latitude=31.2, longitude=121.5 + serial / 100, at=at,
    )  # fmt: skip
    outlet = outlet_register(
        discharger=profile.organisation, code=code, name="总排口", medium=medium,
        latitude=31.2, longitude=121.5 + serial / 100, principle="extractive" if medium == "gas" else "", at=at,
    )  # fmt: skip
    installed = at - timedelta(days=400)
    st, factor, unit = ("31", "a21002", "mg/m3") if medium == "gas" else ("32", "w01018", "mg/L")
    datalogger = datalogger_install(
        outlet=outlet, mn=mn, st=st, edition="2017", installed_at=installed, at=at
    )
    instrument_install(
        outlet=outlet,
        factor=factor,
        unit=unit,
        range_top=200.0,
        resolution=0.1,
        installed_at=installed,
        at=at,
    )
    limit_set(
        outlet=outlet, factor=factor, value="50", unit=unit, averaging="hour" if medium == "gas" else "day",
        document="排污许可证", clause="表1", valid_from=date(2020, 1, 1),
        reference_o2="6" if medium == "gas" else None, at=at,
    )  # fmt: skip
    today = beijing_day(at)
    last = max(today, beijing_day(clock.now())) + timedelta(days=100)  # pages are seen today, whatever ``at``
    contract = contract_sign(
        agency=agency, discharger=profile.organisation, outlets=[outlet], number=f"HT-{serial}",
        start=today - timedelta(days=100), end=last, at=at,
    )  # fmt: skip
    return outlet, datalogger, contract
