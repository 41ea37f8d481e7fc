"""Permitted amounts: what the permit allows in a year, and in its quarters or months where it says so."""

from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.db.models import QuerySet

from mingcha.apps.accounts.models import Organisation, User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.registry.models import Outlet, PermittedAmount
from mingcha.apps.registry.services import dated
from mingcha.apps.registry.values import checked, factor_problem, listed_problem, plain

PERIODS = ("year", *(f"q{n}" for n in range(1, 5)), *(f"m{n:02d}" for n in range(1, 13)))
YEARS = range(2000, 2101)
PLACES, MOST = 6, Decimal(10) ** 9  # t
CLAUSE_MAX = 64


@transaction.atomic
def permitted_amount_set(
    *,
    discharger: Organisation,
    factor: str,
    year: int,
    tonnes: Decimal | str,
    document: str,
    why: str,
    at: datetime,
    outlet: Outlet | None = None,
    period: str = "year",
    clause: str = "",
    replaces: PermittedAmount | None = None,
    by: User | None = None,
) -> PermittedAmount:
    """Enter what the permit allows of a factor in ``year`` (or ``q1``, ``m03`` … of it): of one outlet, or of all.

    Raises:
        BadInput: by field; also where the amount is there already, or a part is more than its year.
        StaleState: ``replaces`` was undone already.
    """
    require(by, "amount.set")
    number = _tonnes(tonnes)
    checked(
        {
            "factor": factor_problem(factor),
            "year": ""
            if year in YEARS
            else f"年份为 {year}。应为 {YEARS[0]}–{YEARS[-1]}。请改正。(a year is expected)",
            "period": listed_problem(period, PERIODS),
            "tonnes": "" if number else _tonnes_problem(tonnes),
            "outlet": _outlet_problem(discharger, outlet),
            "clause": ""
            if len(clause) <= CLAUSE_MAX
            else f"条款有 {len(clause)} 字。应不超过 {CLAUSE_MAX} 字。请缩短。",
            **dated.reason_problems(document, why),
        }
    )
    if replaces is not None:
        dated.undo(replaces, PermittedAmount.objects.all(), why=why, by=by, at=at)
    same = PermittedAmount.objects.filter(
        discharger=discharger, outlet=outlet, factor=factor, year=year, undone_at=None
    )
    checked({"tonnes": _whole_problem(same, period, number), "period": _taken_problem(same, period)})
    made = PermittedAmount.objects.create(
        discharger=discharger, outlet=outlet, factor=factor, year=year, period=period, tonnes=number,
        clause=clause.strip(), document=document.strip(), why=why.strip(), set_by=by, set_at=at,
    )  # fmt: skip
    detail = {
        "discharger": discharger.uscc, "outlet": outlet and outlet.key, "factor": factor, "year": year,
        "period": period, "tonnes": number, "document": made.document, "clause": made.clause, "why": made.why,
        "replaces": replaces and replaces.pk,
    }  # fmt: skip
    audit_record(by=by, action="permitted_amount.set", subject=made, at=at, detail=detail)
    return made


@transaction.atomic
def permitted_amount_undo(
    *, amount: PermittedAmount, why: str, at: datetime, by: User | None = None
) -> PermittedAmount:
    """Take an amount out of force; it stays, with who undid it and why.

    Raises:
        BadInput: no reason. StaleState: it was undone already.
    """
    require(by, "amount.set")
    undone = dated.undo(amount, PermittedAmount.objects.all(), why=why, by=by, at=at)
    detail = {"factor": undone.factor, "year": undone.year, "period": undone.period, "why": undone.undone_why}
    audit_record(by=by, action="permitted_amount.undone", subject=undone, at=at, detail=detail)
    return undone


def _tonnes(given: Decimal | str) -> Decimal:
    """A positive amount that the table holds in full digits; 0 where ``given`` is none."""
    try:
        found = Decimal(given)
    except InvalidOperation:
        return Decimal(0)
    fits = found.is_finite() and 0 < found < MOST and found == round(found, PLACES)
    return found if fits else Decimal(0)


def _tonnes_problem(given: Decimal | str) -> str:
    return f"许可排放量为 {given}。应为正数，至多 {PLACES} 位小数，单位吨。请改正。(positive tonnes are expected)"


def _outlet_problem(discharger: Organisation, outlet: Outlet | None) -> str:
    if outlet is None or outlet.discharger_id == discharger.pk:
        return ""
    return f"排放口 {outlet.key} 不属于 {discharger.name}。请选该单位的排放口。(another discharger's outlet)"


def _taken_problem(same: QuerySet[PermittedAmount], period: str) -> str:
    other = same.filter(period=period).first()
    if other is None:
        return ""
    return (
        f"已有 {plain(other.tonnes)} t（编号 {other.pk}）。同一时段只能有一条。请更正或撤销原有的一条。"
        "(entered already; correct or undo it)"
    )


def _whole_problem(same: QuerySet[PermittedAmount], period: str, number: Decimal) -> str:
    """A part of a year cannot be more than the year."""
    if period == "year":
        part = same.exclude(period="year").order_by("-tonnes").first()
        over = part is not None and part.tonnes > number
        other = part
    else:
        other = same.filter(period="year").first()
        over = other is not None and other.tonnes < number
    if not over or other is None:
        return ""
    return (
        f"{number} t 与已有的 {other.period} {plain(other.tonnes)} t 不符：季、月的量不应超过全年。请核对许可证。"
        "(a part is more than its year)"
    )
