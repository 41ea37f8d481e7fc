"""Data loggers and instruments: dated, so that what was replaced stays known."""

from datetime import datetime

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.registry.models import Datalogger, Instrument, Outlet
from mingcha.apps.registry.services.changes import facts_changed
from mingcha.apps.registry.values import EDITIONS, ST_OF, checked, factor_problem, listed_problem, mn_problem
from mingcha.core.errors import BadInput, StaleState
from mingcha.core.facts import Medium


@transaction.atomic
def datalogger_install(
    *,
    outlet: Outlet,
    mn: str,
    st: str,
    edition: str,
    at: datetime,
    model: str = "",
    installed_at: datetime | None = None,
    by: User | None = None,
) -> Datalogger:
    """Let the logger ``mn`` report for ``outlet`` from ``installed_at`` (default ``at``) on.

    Raises:
        BadInput: by field; also where the MN reports elsewhere, or the outlet has a logger still.
    """
    require(by, "datalogger.install")
    start = installed_at or at
    checked(
        {
            "edition": listed_problem(edition, EDITIONS),
            "mn": mn_problem(mn, edition) or _mn_taken_problem(mn, st),
            "st": _st_problem(outlet, st),
            "outlet": _logger_problem(outlet, start),
        }
    )
    logger = Datalogger.objects.create(
        outlet=outlet, mn=mn, st=st, edition=edition, model=model, installed_at=start
    )
    detail = {"mn": mn, "st": st, "edition": edition, "outlet": outlet.key, "installed_at": start}
    audit_record(by=by, action="datalogger.installed", subject=logger, at=at, detail=detail)
    return logger


def _st_problem(outlet: Outlet, st: str) -> str:
    expected = ST_OF[Medium(outlet.medium)]
    return (
        ""
        if st == expected
        else f"{outlet.medium} 的 ST 应为 {expected}，现为 {st!r} (ST {expected} expected)"
    )


def _mn_taken_problem(mn: str, st: str) -> str:
    other = (
        Datalogger.objects.filter(mn=mn, st=st, removed_at=None).select_related("outlet__discharger").first()
    )
    return (
        ""
        if other is None
        else f"MN {mn} (ST {st}) 正用于排放口 {other.outlet.key} (in use there; remove it first)"
    )


def _logger_problem(outlet: Outlet, start: datetime) -> str:
    """Whether the outlet has a logger at or after ``start``: two at once would count everything twice."""
    for other in outlet.dataloggers.all():
        if other.removed_at is None or other.removed_at > start:
            return f"{outlet.key} 已有数采仪 {other.mn}，请先拆除 (has this logger; remove it first)"
    return ""


@transaction.atomic
def datalogger_remove(
    *, datalogger: Datalogger, at: datetime, removed_at: datetime | None = None, by: User | None = None
) -> Datalogger:
    """The logger reports for its outlet no more; its readings stay the outlet's.

    Raises:
        BadInput: removed before it was installed.
        StaleState: it was removed already.
    """
    require(by, "datalogger.install")
    end = removed_at or at
    if end <= datalogger.installed_at:
        raise BadInput(
            {"removed_at": f"{end} 不晚于安装时间 {datalogger.installed_at} (not after its installation)"}
        )
    if not Datalogger.objects.filter(pk=datalogger.pk, removed_at=None).update(removed_at=end):
        raise StaleState(f"data logger {datalogger.mn} was removed already")
    audit_record(by=by, action="datalogger.removed", subject=datalogger, at=at, detail={"removed_at": end})
    datalogger.refresh_from_db()
    facts_changed(
        outlet=datalogger.outlet,
        spans=[(end, None)],
        reason="setting",
        cause="datalogger.removed",
        by=by,
        at=at,
    )
    return datalogger


@transaction.atomic
def instrument_install(
    *,
    outlet: Outlet,
    factor: str,
    unit: str,
    at: datetime,
    maker: str = "",
    model: str = "",
    serial: str = "",
    principle: str = "",
    range_top: float | None = None,
    resolution: float | None = None,
    detection_limit: float | None = None,
    cycle_s: int | None = None,
    installed_at: datetime | None = None,
    by: User | None = None,
) -> Instrument:
    """Put an analyser or meter in; the one that measured the factor so far is closed at that moment.

    Raises:
        BadInput: by field; also where one was installed at that moment or later.
    """
    require(by, "instrument.install")
    start = installed_at or at
    amounts = {
        "range_top": range_top, "resolution": resolution, "detection_limit": detection_limit, "cycle_s": cycle_s,
    }  # fmt: skip
    wrong = {
        name: f"应为正数，现为 {value} (a positive number is expected)"
        for name, value in amounts.items()
        if value is not None and not value > 0
    }
    checked({"factor": factor_problem(factor), "installed_at": _newer_problem(outlet, factor, start)} | wrong)
    outlet.instruments.filter(factor=factor, removed_at=None).update(removed_at=start)
    instrument = Instrument.objects.create(
        outlet=outlet,
        factor=factor,
        unit=unit,
        maker=maker,
        model=model,
        serial=serial,
        principle=principle,
        range_top=range_top,
        resolution=resolution,
        detection_limit=detection_limit,
        cycle_s=cycle_s,
        installed_at=start,
    )
    detail = {"outlet": outlet.key, "factor": factor, "serial": serial, "installed_at": start}
    audit_record(by=by, action="instrument.installed", subject=instrument, at=at, detail=detail)
    facts_changed(
        outlet=outlet, spans=[(start, None)], reason="setting", cause="instrument.installed", by=by, at=at
    )
    return instrument


def _newer_problem(outlet: Outlet, factor: str, start: datetime) -> str:
    newer = outlet.instruments.filter(factor=factor, installed_at__gte=start).first()
    return "" if newer is None else f"{newer.installed_at} 起已有此因子的仪器 (a later instrument exists)"
