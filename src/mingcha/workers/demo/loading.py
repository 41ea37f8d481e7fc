"""Enter the demonstration region by the services of the apps: whole or not at all, and only once."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction

from mingcha.apps.accounts import selectors as accounts_read
from mingcha.apps.accounts import services as accounts_write
from mingcha.apps.accounts.roles import Role
from mingcha.apps.devices.selectors import stations
from mingcha.apps.devices.services import access_set
from mingcha.apps.maintenance import selectors as maintenance_read
from mingcha.apps.maintenance import services as maintenance_write
from mingcha.apps.registry import selectors as registry_read
from mingcha.apps.registry import services as registry_write
from mingcha.core.clock import beijing_day, day_end, day_start
from mingcha.core.errors import NotFound
from mingcha.core.facts import Medium
from mingcha.gateway.simulator.kinds import DECIMALS, WaterKind
from mingcha.gateway.stations import Station
from mingcha.protocol.hj212 import lookup
from mingcha.site.data import data_folder
from mingcha.workers.demo.accounts import Account, keep, kept, new_password
from mingcha.workers.demo.devices import load_devices
from mingcha.workers.demo.region import Region, Site, Unit, region
from mingcha.workers.demo.settings import load_settings

TODAY = ("patrol", "calibration")  # activities planned for the day on which the region is loaded
TODAY_OUTLETS = ("dongpu-energy/DA001", "dongpu-energy/DW001", "beitang-heat/DA002", "binhai-material/DW001")
TODAY_TECHNICIAN = "qingyuan-technician"
CONTRACT_DAYS = 3 * 365


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded. ``outlets``: path in region.yaml → key ``USCC/DA001``. ``stations``: by MN.

    ``new`` is False where the region was there already.
    """

    accounts: tuple[Account, ...]
    outlets: Mapping[str, str]
    stations: Mapping[str, Station]
    new: bool


def load_region(at: datetime, *, folder: Path | None = None) -> Loaded:
    """Load the region; again changes nothing but today's tasks, once a day.

    ``folder`` keeps the passwords (default: the data folder).
    """
    place = folder or data_folder()
    wanted = region()
    new = not _is_there(wanted)
    if new:
        with transaction.atomic():
            accounts = _Loader(wanted, at).load()
            load_devices(wanted, at)
            keep(place, accounts)
    plan_today(at)
    keys = {path: f"{unit.uscc}/{site.code}" for path, (unit, site) in wanted.sites.items()}
    return Loaded(kept(place), keys, {row["mn"]: Station(**row) for row in stations(at)}, new)


def _is_there(wanted: Region) -> bool:
    """One transaction entered everything, so one organisation stands for all."""
    try:
        accounts_read.organisation_by_uscc(wanted.dischargers[0].uscc)
    except NotFound:
        return False
    return True


@dataclass(slots=True)
class _Loader:
    """Enters a region part by part; what later parts need is remembered."""

    region: Region
    at: datetime
    accounts: list[Account] = field(default_factory=list)
    districts: dict[str, Any] = field(default_factory=dict)
    agencies: dict[str, Any] = field(default_factory=dict)

    @property
    def since(self) -> datetime:
        return day_start(self.region.installed)

    def load(self) -> list[Account]:
        for entry in self.region.districts:
            self.districts[entry["code"]] = accounts_write.district_register(**entry, at=self.at)
        for entry in self.region.people:
            self._person(entry, entry["username"], entry["role"], entry["name"])
        for unit in self.region.laboratories:
            self._organisation(unit, "laboratory")
        for unit in self.region.agencies:
            self.agencies[unit.short] = self._organisation(unit, "agency")
        for unit in self.region.dischargers:
            self._discharger(unit)
        return self.accounts

    def _organisation(self, unit: Unit, kind: str) -> Any:
        organisation = accounts_write.organisation_register(
            uscc=unit.uscc,
            name=unit.entry["name"],
            kind=kind,
            district=self.districts[unit.entry["district"]],
            at=self.at,
        )
        self._people(unit, organisation)
        return organisation

    def _people(self, unit: Unit, organisation: Any) -> None:
        """``technician_2`` is a second technician."""
        for key, name in unit.entry["people"].items():
            role = key.rstrip("_0123456789")
            place = key.removeprefix("discharger_").removeprefix("agency_").replace("_", "-")
            entry = {**unit.entry, "sign_in": key in unit.entry.get("sign_in", ())}
            self._person(entry, f"{unit.short}-{place}", role, name, organisation)

    def _person(
        self, entry: Mapping[str, Any], username: str, role: str, name: str, organisation: Any = None
    ) -> None:
        password = new_password() if entry.get("sign_in") else None
        own = None if organisation is not None else self.districts.get(entry.get("district", ""))
        accounts_write.user_create(
            username=username,
            name=name,
            role=role,
            organisation=organisation,
            district=own,
            password=password,
            at=self.at,
        )
        if password is not None:
            belongs = str(organisation or own or "")
            self.accounts.append(Account(username, password, role, str(Role(role).label), name, belongs))

    def _discharger(self, unit: Unit) -> None:
        entry = unit.entry
        latitude, longitude = entry["place"]
        profile = registry_write.discharger_register(
            uscc=unit.uscc,
            name=entry["name"],
            district=self.districts[entry["district"]],
            address=entry["address"],
            permit_no=f"{unit.uscc}001P",
            permit_category=entry["permit_category"],
            industry=entry["industry"],
            key_lists=tuple(entry["key_lists"]),
            latitude=latitude,
            longitude=longitude,
            at=self.at,
        )
        self._people(unit, profile.organisation)
        outlets = [
            self._outlet(profile.organisation, site, latitude, longitude + 0.0009 * place)
            for place, site in enumerate(unit.sites)
        ]
        maintenance_write.contract_sign(
            agency=self.agencies[entry["agency"]],
            discharger=profile.organisation,
            outlets=outlets,
            number=f"YW-{self.region.installed.year}-{entry['serial']:03d}",
            start=self.region.installed,
            end=max(self.region.installed, beijing_day(self.at)) + timedelta(days=CONTRACT_DAYS),
            at=self.at,
        )

    def _outlet(self, discharger: Any, site: Site, latitude: float, longitude: float) -> Any:
        profile = site.profile(self.region.seed)
        outlet = registry_write.outlet_register(
            discharger=discharger,
            code=site.code,
            name=site.name,
            medium=profile.plant.medium,
            source_type=profile.plant.name_zh,
            latitude=latitude,
            longitude=round(longitude, 5),
            minute_interval_s=profile.minute_interval_s,
            principle="extractive" if profile.plant.medium == Medium.GAS else "",
            at=self.at,
        )
        self._limits(outlet, site)
        self._equipment(outlet, site)
        return outlet

    def _limits(self, outlet: Any, site: Site) -> None:
        for key, since in site.limits:
            for row in self.region.limits[key]:
                registry_write.limit_set(
                    outlet=outlet,
                    factor=row.factor,
                    value=row.value,
                    unit=row.unit,
                    averaging=row.averaging,
                    reference_o2=row.reference_o2,
                    document=row.document,
                    clause=row.clause,
                    sureness=row.sureness,
                    valid_from=since or row.in_force_from,
                    at=self.at,
                )

    def _equipment(self, outlet: Any, site: Site) -> None:
        profile = site.profile(self.region.seed)
        for factor in profile.factors:
            self._instrument(outlet, site, factor)
        load_settings(self.region, outlet, site, self.at)
        logger = registry_write.datalogger_install(
            outlet=outlet,
            mn=profile.mn,
            st=profile.st,
            edition=site.edition,
            model="HX-8",
            installed_at=self.since,
            at=self.at,
        )
        access_set(datalogger=logger, password=f"{secrets.randbelow(10**6):06d}", at=self.at)

    def _instrument(self, outlet: Any, site: Site, factor: str) -> None:
        plant = site.profile(self.region.seed).plant
        known = lookup(factor)
        pollutant = next((p for p in plant.pollutants if p.factor == factor), None)
        held = isinstance(plant, WaterKind) and pollutant is not None
        about = {"range_top": pollutant.range_top} if pollutant else {}
        registry_write.instrument_install(
            outlet=outlet,
            factor=factor,
            unit=known.unit if known else "",
            resolution=10.0 ** -DECIMALS[factor],
            cycle_s=plant.cycle_s if held and isinstance(plant, WaterKind) else None,
            serial=f"{site.number:03d}-{factor}",
            installed_at=self.since,
            at=self.at,
            **(about | dict(self.region.instruments[factor])),
        )


@transaction.atomic
def plan_today(at: datetime) -> int:
    """Plan today's tasks of the demonstration's technician, where it has none; how many were planned."""
    technician = accounts_read.user_by_name(TODAY_TECHNICIAN)
    start, end = day_start(beijing_day(at)), day_end(beijing_day(at))
    sites = region().sites
    outlets = [
        registry_read.outlet_by_key(f"{unit.uscc}/{site.code}")
        for unit, site in (sites[path] for path in TODAY_OUTLETS)
    ]
    tasks = maintenance_read.tasks_visible_to(technician).filter(outlet__in=outlets, window_start=start)
    if tasks.exists():
        return 0
    for place, outlet in enumerate(outlets):
        contract = maintenance_read.serving_contract(outlet, beijing_day(at))
        if contract is None:
            continue
        task = maintenance_write.task_plan(
            contract=contract,
            outlet=outlet,
            activity=TODAY[place % len(TODAY)],
            window_start=start,
            window_end=end,
            at=at,
        )
        maintenance_write.task_assign(task=task, assignee=technician, at=at)
    return len(outlets)
