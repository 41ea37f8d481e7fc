"""Other hosts to which frames are forwarded."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from mingcha.api.access import viewer
from mingcha.api.shapes import AskedMoment, Moment, Page, Paging, answers, page_of
from mingcha.apps.accounts.permissions import Person, require
from mingcha.apps.devices import selectors, services
from mingcha.core.clock import now

router = Router()


class FilterBody(Schema):
    """An empty list lets all pass; ``cns`` empty: all data uploads."""

    districts: list[str] = Field(default_factory=list)
    outlets: list[str] = Field(default_factory=list)
    sts: list[str] = Field(default_factory=list)
    cns: list[str] = Field(default_factory=list)


class TargetOut(Schema):
    """A target without its secrets. ``mapped``: how many stations have another name there."""

    name: str
    title: str
    host: str
    port: int
    edition: str
    tls: bool
    tls_name: str
    active: bool
    filters: FilterBody
    since: Moment | None
    changed_at: Moment
    mapped: int


class TargetIn(Schema):
    """``name`` is never changed. Secrets that are null stay as they are. ``since``: where a new target begins in the journal."""

    name: str
    title: str = ""
    host: str
    port: int
    edition: str
    tls: bool = False
    tls_name: str = ""
    tls_ca: str = ""
    password: str | None = None
    key: str | None = None
    filters: FilterBody = Field(default_factory=FilterBody)
    since: AskedMoment | None = None


class SwitchIn(Schema):
    on: bool


class TargetStationIn(Schema):
    """``station``: our MN; ``mn`` and ``password``: how it is called there."""

    station: str
    mn: str
    password: str = ""


@router.get("/targets", response=answers(Page[TargetOut]))
def target_list(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """All targets."""
    return page_of(selectors.targets_list(viewer(request)), asked, target_out)


@router.post("/targets", response=answers(TargetOut, write=True))
def target_set(request: HttpRequest, given: TargetIn) -> TargetOut:
    """Enter a target, switched off, or change the one with this name."""
    user = viewer(request)
    made = services.target_set(by=user, at=now(), **given.model_dump())
    return target_out(selectors.target_get(user, made.name))


@router.post("/targets/{name}/switch", response=answers(TargetOut, write=True))
def target_switch(request: HttpRequest, name: str, given: SwitchIn) -> TargetOut:
    """Begin or stop forwarding to it."""
    user, target = _target(request, name)
    services.target_switch(target=target, on=given.on, by=user, at=now())
    return target_out(selectors.target_get(user, name))


@router.post("/targets/{name}/stations", response=answers(TargetOut, write=True))
def target_station_set(request: HttpRequest, name: str, given: TargetStationIn) -> TargetOut:
    """Under which MN and password one of our stations goes there."""
    user, target = _target(request, name)
    logger = selectors.station_get(user, given.station)
    services.target_station_set(
        target=target, datalogger=logger, mn=given.mn, password=given.password, by=user, at=now()
    )
    return target_out(selectors.target_get(user, name))


def _target(request: HttpRequest, name: str) -> tuple[Person, Any]:
    user = viewer(request)
    target = selectors.target_get(user, name)
    require(user, "target.set")
    return user, target


def target_out(row: Any) -> TargetOut:
    return TargetOut(
        name=row.name, title=row.title, host=row.host, port=row.port, edition=row.edition, tls=row.tls,
        tls_name=row.tls_name, active=row.active, filters=FilterBody(**row.filter), since=row.since,
        changed_at=row.changed_at, mapped=row.mapped,
    )  # fmt: skip
