"""Dated limits: a new one closes the former, which stays."""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.registry.models import Outlet, OutletLimit
from mingcha.apps.registry.services.changes import facts_changed
from mingcha.apps.registry.values import (
    AVERAGINGS,
    amount,
    amount_problem,
    checked,
    factor_problem,
    listed_problem,
)
from mingcha.core.citation import Sureness
from mingcha.core.clock import day_start
from mingcha.core.errors import BadInput


@transaction.atomic
def limit_set(
    *,
    outlet: Outlet,
    factor: str,
    value: Decimal | str,
    unit: str,
    averaging: str,
    document: str,
    valid_from: date,
    at: datetime,
    clause: str = "",
    sureness: str = Sureness.OFFICIAL,
    reference_o2: Decimal | str | None = None,
    by: User | None = None,
) -> OutletLimit:
    """Set the limit of a factor from ``valid_from`` on; the former one of the averaging time is closed that day.

    Raises:
        BadInput: by field; also where a limit from that day or a later one is there already.
    """
    require(by, "limit.set")
    number, reference = amount(value), None if reference_o2 is None else amount(reference_o2)
    checked(
        {
            "factor": factor_problem(factor),
            "value": amount_problem("限值", value),
            "unit": "" if unit.strip() else "请填写单位 (a unit is needed)",
            "averaging": listed_problem(averaging, AVERAGINGS),
            "document": "" if document.strip() else "请填写依据文件 (name the document)",
            "sureness": listed_problem(sureness, tuple(Sureness)),
            "reference_o2": _reference_problem(reference_o2),
        }
    )
    former = _close_limits(outlet, factor, averaging, valid_from)
    limit = OutletLimit.objects.create(
        outlet=outlet,
        factor=factor,
        value=number,
        unit=unit,
        averaging=averaging,
        reference_o2=reference,
        document=document,
        clause=clause,
        sureness=sureness,
        valid_from=valid_from,
    )
    detail = {
        "factor": factor, "averaging": averaging, "value": number, "unit": unit, "document": document,
        "clause": clause, "valid_from": valid_from, "closed": former,
    }  # fmt: skip
    audit_record(by=by, action="limit.set", subject=outlet, at=at, detail=detail)
    begins = day_start(valid_from)
    facts_changed(outlet=outlet, spans=[(begins, None)], reason="setting", cause="limit.set", by=by, at=at)
    return limit


def _reference_problem(given: Decimal | str | None) -> str:
    if given is None or 0 < amount(given) < 21:
        return ""
    return f"基准氧含量应在 0 与 21 % 之间，现为 {given!r} (between 0 and 21 % expected)"


def _close_limits(outlet: Outlet, factor: str, averaging: str, valid_from: date) -> list[int]:
    """Close what holds on ``valid_from``; the ids closed."""
    same = OutletLimit.objects.filter(outlet=outlet, factor=factor, averaging=averaging)
    later = same.filter(valid_from__gte=valid_from).order_by("valid_from").first()
    if later is not None:
        text = f"自 {later.valid_from} 起已有限值 {later.value.normalize():f} {later.unit}，不能早于或等于它 (a later limit exists)"
        raise BadInput({"valid_from": text})
    held = same.filter(valid_to=None)
    closed = list(held.values_list("pk", flat=True))
    held.update(valid_to=valid_from)
    return closed
