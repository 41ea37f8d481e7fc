"""How stations are read: dated settings, profiles that travel, and who still speaks which edition."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from mingcha.api import stores
from mingcha.api.access import viewer
from mingcha.api.shapes import AskedMoment, Moment, Page, Paging, answers, page_of
from mingcha.apps.accounts.permissions import Person, require
from mingcha.apps.devices import selectors, services
from mingcha.core.clock import now

router = Router()
STATIONS_MAX = 500  # set at once


class StationOut(Schema):
    """A data logger in place."""

    mn: str
    st: str
    outlet: str
    edition: str
    model: str
    installed_at: Moment


class SettingOut(Schema):
    """``edition`` "": as the logger speaks. ``in_force``: whether the station is read by it now."""

    id: int
    mn: str
    dialect: dict[str, Any]
    edition: str
    contact: dict[str, Any]
    valid_from: Moment
    set_by: str | None
    set_at: Moment
    why: str
    in_force: bool


class SettingIn(Schema):
    """``dialect``: what is left out takes its default. ``valid_from`` in the past: the span is read again."""

    dialect: dict[str, Any] = Field(default_factory=dict)
    edition: str = ""
    contact: dict[str, Any] = Field(default_factory=dict)
    valid_from: AskedMoment
    why: str


class ProfileOut(Schema):
    """A dialect profile as a file. ``digest``: SHA-256 of what decides the reading: dialect, edition, contact."""

    kind: str
    version: int
    name: str
    exported_at: str
    edition: str
    dialect: dict[str, Any]
    contact: dict[str, Any]
    digest: str


class ImportIn(Schema):
    """``profile``: as exported. ``stations``: MNs within my reach; all of them are set or none."""

    profile: dict[str, Any]
    stations: list[str] = Field(min_length=1, max_length=STATIONS_MAX)
    valid_from: AskedMoment
    why: str


class CopyIn(Schema):
    stations: list[str] = Field(min_length=1, max_length=STATIONS_MAX)
    valid_from: AskedMoment
    why: str


class Settings(Schema):
    items: list[SettingOut]


class BoardLine(Schema):
    """``registered``: in the register; ``demanded``: by its setting; ``spoken``: as the gateway heard it last; each may be "".
    ``dialect``: what differs from the defaults; ``deviations``: how often each was counted.
    """

    mn: str
    st: str
    outlet: str
    outlet_name: str
    discharger: str
    district: str
    registered: str
    demanded: str
    spoken: str
    differs: bool
    dialect: dict[str, Any]
    since: Moment | None
    frames: int
    deviations: dict[str, int]
    last_seen: Moment | None


class Board(Schema):
    """``editions``: how many stations by edition, as heard, else as told or registered."""

    editions: dict[str, int]
    items: list[BoardLine]


@router.get("/stations", response=answers(Page[StationOut]))
def station_list(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """The loggers in place at the outlets I may see."""
    found = selectors.stations_visible_to(viewer(request)).filter(removed_at=None)
    return page_of(found, asked, station_out)


@router.get("/stations/{mn}/settings", response=answers(Page[SettingOut]))
def setting_list(request: HttpRequest, mn: str, asked: Query[Paging]) -> dict[str, Any]:
    """All settings of a station, those that begin last first."""
    user = viewer(request)
    require(user, "station.view")
    logger = selectors.station_get(user, mn)
    held = selectors.setting_in_force(user, logger, now())
    return page_of(selectors.settings_of(user, logger), asked, lambda row: setting_out(row, held))


@router.post("/stations/{mn}/settings", response=answers(SettingOut, write=True))
def setting_set(request: HttpRequest, mn: str, given: SettingIn) -> SettingOut:
    """Follow the setting in force with a new one; nothing is edited."""
    user, logger = _station(request, mn)
    made = services.setting_set(datalogger=logger, by=user, at=now(), **given.model_dump())
    return setting_out(made, selectors.setting_in_force(user, logger, now()))


@router.get("/stations/{mn}/profile", response=answers(ProfileOut))
def profile_export(request: HttpRequest, mn: str) -> dict[str, Any]:
    """The setting in force as a file for other stations or another platform."""
    user = viewer(request)
    require(user, "station.view")
    return selectors.profile_export(user, selectors.station_get(user, mn), now())


@router.post("/profiles/import", response=answers(Settings, write=True))
def profile_import(request: HttpRequest, given: ImportIn) -> Settings:
    """Set stations to an exported profile."""
    user = viewer(request)
    loggers = [selectors.station_get(user, mn) for mn in given.stations]
    require(user, "station.set")
    made = services.profile_import(
        profile=given.profile,
        dataloggers=loggers,
        valid_from=given.valid_from,
        why=given.why,
        by=user,
        at=now(),
    )
    return Settings(items=[setting_out(row, None) for row in made])


@router.post("/stations/{mn}/profile/copy", response=answers(Settings, write=True))
def profile_copy(request: HttpRequest, mn: str, given: CopyIn) -> Settings:
    """Set other stations as this one is set now."""
    user, source = _station(request, mn)
    loggers = [selectors.station_get(user, other) for other in given.stations]
    made = services.profile_copy(
        source=source, dataloggers=loggers, valid_from=given.valid_from, why=given.why, by=user, at=now()
    )
    return Settings(items=[setting_out(row, None) for row in made])


@router.get("/editions", response=answers(Board))
def editions(request: HttpRequest) -> Board:
    """Every station I may see: which edition and dialect it speaks."""
    rows = selectors.editions_board(viewer(request), now(), stores.stations_seen())
    heard = [row.spoken or row.demanded or row.registered for row in rows]
    lines = [BoardLine(**{name: getattr(row, name) for name in BoardLine.model_fields}) for row in rows]
    return Board(editions={one: heard.count(one) for one in sorted(set(heard))}, items=lines)


def _station(request: HttpRequest, mn: str) -> tuple[Person, Any]:
    """Who asks, and the station: seen by them, and theirs to set."""
    user = viewer(request)
    logger = selectors.station_get(user, mn)
    require(user, "station.set")
    return user, logger


def station_out(row: Any) -> StationOut:
    return StationOut(
        mn=row.mn, st=row.st, outlet=row.outlet.key, edition=row.edition, model=row.model,
        installed_at=row.installed_at,
    )  # fmt: skip


def setting_out(row: Any, held: Any) -> SettingOut:
    return SettingOut(
        id=row.pk, mn=row.datalogger.mn, dialect=row.dialect, edition=row.edition, contact=row.contact,
        valid_from=row.valid_from, set_by=row.set_by and row.set_by.username, set_at=row.set_at, why=row.why,
        in_force=held is not None and held.pk == row.pk,
    )  # fmt: skip
