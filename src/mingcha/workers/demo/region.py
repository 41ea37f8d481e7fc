"""The data of the demonstration region, read and checked. The codes of organisations are computed."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from mingcha.apps.accounts.values import uscc_check_digit
from mingcha.core.errors import BadRule
from mingcha.core.yamls import load_yaml
from mingcha.gateway.simulator.fleet import mn_of
from mingcha.gateway.simulator.kinds import KINDS
from mingcha.gateway.simulator.plant import Profile

HERE = Path(__file__).parent
COMPANY, PUBLIC_BODY = "91", "12"  # first two characters of a USCC: registered by whom, as what
_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714, for the eight characters of the organisation code


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One number of the law as the outlets of the region hold it; a row of ``limits.csv``."""

    document: str
    factor: str
    value: str
    unit: str
    averaging: str
    reference_o2: str | None
    in_force_from: date
    clause: str
    sureness: str


@dataclass(frozen=True, slots=True)
class Site:
    """One outlet. ``path``: ``short/code``. ``limits``: sets with the day from which each holds (None: in force)."""

    path: str
    code: str
    name: str
    number: int
    kind: str
    edition: str
    size: float
    level: float
    limits: tuple[tuple[str, date | None], ...]

    def mn(self, seed: int) -> str:
        return mn_of(self.number, self.edition, seed)

    def profile(self, seed: int, password: str = "") -> Profile:
        """The simulated plant behind the outlet, the same in history and live."""
        return Profile(
            self.mn(seed), self.kind, seed=seed, password=password, size=self.size, level=self.level
        )


@dataclass(frozen=True, slots=True)
class Unit:
    """One organisation: what its line says (``entry``), its computed code and its outlets."""

    short: str
    uscc: str
    entry: Mapping[str, Any]
    sites: tuple[Site, ...] = ()


@dataclass(frozen=True, slots=True)
class Region:
    """Everything of ``region.yaml``; ``limits`` by the key ``standard | source type``."""

    seed: int
    installed: date
    districts: tuple[Mapping[str, Any], ...]
    people: tuple[Mapping[str, Any], ...]
    laboratories: tuple[Unit, ...]
    agencies: tuple[Unit, ...]
    dischargers: tuple[Unit, ...]
    events: tuple[Mapping[str, Any], ...]
    settings: tuple[Mapping[str, Any], ...]
    schedules: tuple[Mapping[str, Any], ...]
    amounts: tuple[Mapping[str, Any], ...]
    quarters: tuple[Mapping[str, Any], ...]
    instruments: Mapping[str, Mapping[str, Any]]
    limits: Mapping[str, tuple[LimitRow, ...]]

    @property
    def sites(self) -> dict[str, tuple[Unit, Site]]:
        """Every outlet with its discharger, by path."""
        return {site.path: (unit, site) for unit in self.dischargers for site in unit.sites}


def uscc_of(serial: int, district: str, category: str = COMPANY) -> str:
    """An invented code with both check digits right: GB 11714 inside, GB 32100 at the end."""
    organisation = f"MA9{serial:05d}"
    total = sum((int(c, 36)) * weight for c, weight in zip(organisation, _WEIGHTS, strict=True))
    inner = "0X987654321"[total % 11] if total % 11 else "0"
    body = f"{category}{district}{organisation}{inner}"
    return body + uscc_check_digit(body)


@cache
def region() -> Region:
    """The region of ``region.yaml``.

    Raises:
        BadRule: the message names file, key and remedy.
    """
    found = load_yaml((HERE / "region.yaml").read_text(encoding="utf-8"))
    limits = read_limits(HERE / "limits.csv")
    numbers = iter(range(1, 10_000))
    read = Region(
        seed=found["seed"],
        installed=found["installed"],
        districts=tuple(found["districts"]),
        people=tuple(found["people"]),
        laboratories=tuple(_unit(entry) for entry in found["laboratories"]),
        agencies=tuple(_unit(entry) for entry in found["agencies"]),
        dischargers=tuple(
            _unit(entry, tuple(_site(entry["short"], line, next(numbers)) for line in entry["outlets"]))
            for entry in found["dischargers"]
        ),
        events=tuple(found["events"]),
        settings=tuple(found["settings"]),
        schedules=tuple(found["schedules"]),
        amounts=tuple(found["amounts"]),
        quarters=tuple(found["quarters"]),
        instruments=found["instruments"],
        limits=limits,
    )
    return checked(read)


def read_limits(path: Path) -> dict[str, tuple[LimitRow, ...]]:
    """The rows of ``limits.csv``, by ``standard | source type``."""
    found: dict[str, tuple[LimitRow, ...]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = f"{row['standard']} | {row['source_type']}"
            limit = LimitRow(
                document=row["standard"],
                factor=row["code"],
                value=row["limit"],
                unit=row["unit"],
                averaging=row["kept_as"],
                reference_o2=row["reference_o2"] or None,
                in_force_from=date.fromisoformat(row["in_force_from"]),
                clause=row["clause"],
                sureness=row["sureness"],
            )
            found[key] = (*found.get(key, ()), limit)
    return found


def _unit(entry: Mapping[str, Any], sites: tuple[Site, ...] = ()) -> Unit:
    code = uscc_of(entry["serial"], entry["district"], entry.get("category", COMPANY))
    return Unit(entry["short"], code, entry, sites)


def _site(short: str, line: Mapping[str, Any], number: int) -> Site:
    then = line.get("then")
    later = ((then["limits"], then["since"]),) if then else ()
    return Site(
        path=f"{short}/{line['code']}",
        code=line["code"],
        name=line["name"],
        number=number,
        kind=line["kind"],
        edition=line["edition"],
        size=line.get("size", 1.0),
        level=line.get("level", 1.0),
        limits=((line["limits"], None), *later),
    )


def checked(read: Region) -> Region:
    """``read``, where every name in it names something.

    Raises:
        BadRule: the message lists what does not.
    """
    problems = [
        f"{site.path}: no set {key!r} in limits.csv"
        for _, site in read.sites.values()
        for key, _ in site.limits
        if key not in read.limits
    ]
    problems += [
        f"{site.path}: no kind {site.kind!r}" for _, site in read.sites.values() if site.kind not in KINDS
    ]
    named = {
        "events": read.events, "settings": read.settings, "schedules": read.schedules, "amounts": read.amounts,
        "quarters": read.quarters,
    }  # fmt: skip
    problems += [
        f"{part}: no outlet {line['outlet']!r}"
        for part, lines in named.items()
        for line in lines
        if line["outlet"] not in read.sites
    ]
    if problems:
        raise BadRule(f"region.yaml: {'; '.join(problems)}; correct the line or add the missing entry")
    return read
