"""The register as its viewers may see it, and as plain facts for computing and judging."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Count, Prefetch, Q, QuerySet

from mingcha.apps.accounts.models import Organisation
from mingcha.apps.accounts.permissions import Reach, Viewer, scope
from mingcha.apps.registry import timeline
from mingcha.apps.registry.models import (
    Datalogger,
    Instrument,
    Outlet,
    OutletLimit,
    PermittedAmount,
    PointSetting,
    Profile,
    Schedule,
)
from mingcha.apps.registry.values import plain
from mingcha.core import clock
from mingcha.core.citation import Sureness
from mingcha.core.errors import NotFound
from mingcha.core.facts import Limit, Medium, OutletFacts, PointSpan, Setting
from mingcha.core.facts import Schedule as DueHours

_OUT_OF_USE = (Outlet.State.PLANNED, Outlet.State.RETIRED)


def outlets_visible_to(user: Viewer, *, day: date | None = None) -> QuerySet[Outlet]:
    """Own outlets; those an agency serves by a contract that runs on ``day`` (today); an area; all.

    Contracts are of ``maintenance``, above this room: their relation is named, their table not imported.
    """
    found = Outlet.objects.select_related("discharger", "discharger__district", "discharger__profile")
    reach = scope(user)
    if reach.kind is Reach.ALL:
        return found
    if reach.kind is Reach.DISTRICT:
        return found.filter(discharger__district=reach.district_id)
    if reach.kind is Reach.DISCHARGER:
        return found.filter(discharger=reach.organisation_id)
    if reach.kind is Reach.AGENCY and reach.organisation_id is not None:
        return found.filter(pk__in=_served(reach.organisation_id, day or clock.beijing_day(clock.now())))
    return found.none()


def _served(agency_id: int, day: date) -> QuerySet[Outlet, int]:
    ended = Q(contracts__ended_early_on=None) | Q(contracts__ended_early_on__gt=day)
    running = Q(contracts__agency=agency_id, contracts__start__lte=day, contracts__end__gte=day)
    return Outlet.objects.filter(running & ended).values_list("pk", flat=True)


def outlet_get(user: Viewer, uscc: str, code: str) -> Outlet:
    """One outlet.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = outlets_visible_to(user).filter(discharger__uscc=uscc, code=code).first()
    if found is None:
        raise NotFound(f"no outlet {uscc}/{code}")
    return found


def outlet_by_key(key: str) -> Outlet:
    """For workers and loaders: the outlet ``USCC/DA001``, without a viewer.

    Raises:
        NotFound: there is none.
    """
    uscc, _, code = key.partition("/")
    found = Outlet.objects.select_related("discharger", "discharger__district")
    outlet = found.filter(discharger__uscc=uscc, code=code).first()
    if outlet is None:
        raise NotFound(f"no outlet {key}")
    return outlet


def dischargers_visible_to(user: Viewer) -> QuerySet[Organisation]:
    """The dischargers whose outlets ``user`` sees; one's own also before it has outlets."""
    found = Organisation.objects.filter(kind=Organisation.Kind.DISCHARGER).select_related(
        "district", "profile"
    )
    reach = scope(user)
    if reach.kind is Reach.ALL:
        return found
    if reach.kind is Reach.DISTRICT:
        return found.filter(district=reach.district_id)
    if reach.kind is Reach.DISCHARGER:
        return found.filter(Q(pk=reach.organisation_id))
    return found.filter(outlets__in=outlets_visible_to(user)).distinct()


def discharger_get(user: Viewer, uscc: str) -> Organisation:
    """One discharger.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = dischargers_visible_to(user).filter(uscc=uscc).first()
    if found is None:
        raise NotFound(f"no discharger {uscc}")
    return found


def profile_of(discharger: Organisation) -> Profile | None:
    """What the register holds of a discharger the caller may see; None where nothing was entered."""
    return Profile.objects.filter(organisation=discharger).first()


def register_counts(user: Viewer) -> dict[str, int]:
    """How many dischargers, outlets, water and gas outlets ``user`` sees."""
    return (
        outlets_visible_to(user)
        .order_by()
        .aggregate(
            dischargers=Count("discharger", distinct=True),
            outlets=Count("pk"),
            water=Count("pk", filter=Q(medium=Medium.WATER)),
            gas=Count("pk", filter=Q(medium=Medium.GAS)),
        )
    )


def points_of(outlet: Outlet) -> tuple[PointSpan, ...]:
    """Which telemetry points reported for the outlet, and when; the newest last."""
    loggers = sorted(outlet.dataloggers.all(), key=lambda logger: logger.installed_at)
    return tuple(
        PointSpan(f"{logger.mn}/{logger.st}", logger.installed_at, logger.removed_at) for logger in loggers
    )


def outlet_of_point(point: str, at: datetime) -> str | None:
    """The key of the outlet for which ``MN/ST`` reports at a moment; None where for none."""
    mn, _, st = point.partition("/")
    found = Datalogger.objects.filter(mn=mn, st=st, installed_at__lte=at)
    logger = found.exclude(removed_at__lte=at).select_related("outlet__discharger").first()
    return None if logger is None else logger.outlet.key


def dataloggers_of(outlet: Outlet) -> QuerySet[Datalogger]:
    """The loggers of an outlet the caller may see, old ones too."""
    return outlet.dataloggers.order_by("installed_at")


def instruments_of(outlet: Outlet) -> QuerySet[Instrument]:
    """The instruments of an outlet the caller may see, old ones too."""
    return outlet.instruments.order_by("factor", "installed_at")


def limits_of(outlet: Outlet) -> QuerySet[OutletLimit]:
    """The limits of an outlet the caller may see, old ones too."""
    return outlet.limits.order_by("factor", "averaging", "valid_from")


def point_settings_of(outlet: Outlet) -> QuerySet[PointSetting]:
    """Every point setting of an outlet the caller may see, undone ones too; the newest of a factor first."""
    return outlet.point_settings.select_related("set_by", "undone_by").order_by(
        "factor", "-valid_from", "-id"
    )


def schedules_of(outlet: Outlet) -> QuerySet[Schedule]:
    """Every schedule of an outlet the caller may see, undone ones too; the newest of a factor first."""
    return outlet.schedules.select_related("set_by", "undone_by").order_by("factor", "-valid_from", "-id")


def permitted_amounts_of(outlet: Outlet) -> QuerySet[PermittedAmount]:
    """The amounts of an outlet the caller may see and those of its whole discharger, undone ones too; newest year first."""
    found = PermittedAmount.objects.filter(Q(outlet=outlet) | Q(outlet=None, discharger=outlet.discharger_id))
    found = found.select_related("outlet__discharger", "discharger", "set_by", "undone_by")
    return found.order_by("-year", "factor", "period", "-id")


def permitted_in_force(discharger: Organisation, year: int) -> list[PermittedAmount]:
    """What the permit allows a discharger in ``year``: rows of the whole (``outlet`` None) and of its outlets."""
    found = PermittedAmount.objects.filter(discharger=discharger, year=year, undone_at=None)
    return list(found.select_related("outlet__discharger").order_by("outlet__code", "factor", "period"))


def outlet_facts(key: str, day: date) -> OutletFacts:
    """What is known of the outlet ``USCC/DA001``: all loggers, limits, settings and schedules of all time.

    ``day`` orders the settings: those in force at its end stand first, so that ``setting(factor)`` without a moment
    gives them. Marks are of the room above: ``apps.marking.facts`` adds them.

    Raises:
        NotFound: there is none.
    """
    uscc, _, code = key.partition("/")
    outlet = _with_parts().filter(discharger__uscc=uscc, code=code).first()
    if outlet is None:
        raise NotFound(f"no outlet {key}")
    return _facts(outlet, day)


def all_outlet_facts(at: datetime) -> list[OutletFacts]:
    """The facts of every outlet in use, for the workers; six queries however many there are."""
    day = clock.beijing_day(at)
    return [_facts(outlet, day) for outlet in _with_parts().exclude(state__in=_OUT_OF_USE)]


def _with_parts() -> QuerySet[Outlet]:
    return Outlet.objects.select_related("discharger").prefetch_related(
        "dataloggers",
        Prefetch("limits", OutletLimit.objects.order_by("valid_from", "id")),
        Prefetch("instruments", Instrument.objects.order_by("factor", "installed_at", "id")),
        Prefetch("point_settings", PointSetting.objects.filter(undone_at=None)),
        Prefetch("schedules", Schedule.objects.filter(undone_at=None)),
    )


def _facts(outlet: Outlet, day: date) -> OutletFacts:
    return OutletFacts(
        key=outlet.key,
        name=f"{outlet.discharger.name} {outlet.name}",
        medium=Medium(outlet.medium),
        region=outlet.region,
        points=points_of(outlet),
        limits=tuple(_limit(row) for row in outlet.limits.all()),
        settings=tuple(_settings(outlet, day)),
        minute_interval_s=outlet.minute_interval_s,
        schedules=tuple(_schedules(outlet)),
    )


def _limit(row: OutletLimit) -> Limit:
    return Limit(
        factor=row.factor,
        value=plain(row.value),
        unit=row.unit,
        averaging=row.averaging,
        document=row.document,
        clause=row.clause,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        reference_o2=None if row.reference_o2 is None else plain(row.reference_o2),
        sureness=Sureness(row.sureness),
    )


def _settings(outlet: Outlet, day: date) -> list[Setting]:
    """All dated settings; per factor no two overlap. Those in force at the end of ``day`` stand first."""
    entered = timeline.grouped(outlet.point_settings.all(), lambda row: row.factor)
    measured = timeline.grouped(outlet.instruments.all(), lambda row: row.factor)
    found = [
        setting
        for factor in dict.fromkeys([*measured, *entered])
        for setting in timeline.laid_over(
            [_entered(part) for part in timeline.parts(entered.get(factor, []))],
            _measured(measured.get(factor, [])),
        )
    ]
    last = clock.day_end(day) - timedelta(microseconds=1)
    return sorted(found, key=lambda setting: not setting.holds_at(last))


def _entered(part: timeline.Part[PointSetting]) -> Setting:
    row = part.row
    return Setting(
        factor=row.factor,
        unit=row.unit,
        resolution=row.resolution,
        detection_limit=row.detection_limit,
        range_top=row.range_top,
        cycle_s=row.cycle_s,
        reference_o2=row.reference_o2,
        start=part.start,
        end=part.end,
    )


def _measured(instruments: Sequence[Instrument]) -> list[Setting]:
    """What the instruments of one factor say, in the order of their installation; each ends where the next begins."""
    ends = [*(row.installed_at for row in instruments[1:]), *([None] if instruments else [])]
    return [
        Setting(
            factor=row.factor,
            unit=row.unit,
            resolution=row.resolution,
            detection_limit=row.detection_limit,
            range_top=row.range_top,
            cycle_s=row.cycle_s,
            start=row.installed_at,
            end=min((end for end in (row.removed_at, following) if end is not None), default=None),
        )
        for row, following in zip(instruments, ends, strict=True)
    ]


def _schedules(outlet: Outlet) -> list[DueHours]:
    """All dated schedules; per factor ("" = all) no two overlap."""
    by_factor = timeline.grouped(outlet.schedules.all(), lambda row: row.factor)
    return [
        DueHours(
            factor=factor,
            start=part.start,
            end=part.end,
            hours=frozenset(part.row.hours),
            weekdays=frozenset(part.row.weekdays),
            cause=part.row.cause,
        )
        for factor, rows in by_factor.items()
        for part in timeline.parts(rows)
    ]
