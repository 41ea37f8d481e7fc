"""Every write of credit: items come from closed cases, and go when the case is reopened."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.cases.models import CLOSED, Case
from mingcha.apps.cases.selectors import case_by_number
from mingcha.apps.cases.values import SERIOUS
from mingcha.apps.credit.models import CreditItem
from mingcha.apps.credit.values import indicators, settings
from mingcha.apps.maintenance.words import say
from mingcha.core.clock import beijing, beijing_day
from mingcha.core.errors import BadInput, StaleState

INDICATOR = "supervision"
COUNTED = (Case.Conclusion.CONFIRMED, Case.Conclusion.RECTIFIED)


@transaction.atomic
def item_from_case(*, case_number: str, at: datetime) -> CreditItem | None:
    """Bring the item of a case in line with the case; told twice, it is there once.

    A closed case that was so and for which the agency answers costs points; any other case costs none, and an
    item it cost before is withdrawn.

    Raises:
        NotFound: there is no such case.
    """
    case = case_by_number(case_number)
    held = CreditItem.objects.filter(
        indicator=INDICATOR, source_kind="case", source_id=case.number, withdrawn_at=None
    )
    item = held.first()
    due = _costs(case)
    if item is not None and (due is None or (item.points, item.year) != (due, _year(case))):
        _withdraw(item, by=None, why=f"case {case.number} is {case.state} {case.conclusion}".strip(), at=at)
        item = None
    if due is None or item is not None:
        return item
    return _write(case, due, at)


@transaction.atomic
def item_withdraw(
    *, source_kind: str, source_id: str, at: datetime, reason: str = "", by: User | None = None
) -> list[CreditItem]:
    """Take back what a source cost; none left is fine. A person, e.g. after an objection (WF-13.4), says why.

    Raises:
        BadInput: a person gave no reason. NotAllowed. StaleState: somebody was quicker.
    """
    require(by, "credit.withdraw")
    if by is not None and not reason.strip():
        raise BadInput(
            {
                "reason": say(
                    "理由未填。撤销须说明理由。请填写。", "No reason. A withdrawal needs one. Write it."
                )
            }
        )
    held = CreditItem.objects.filter(source_kind=source_kind, source_id=source_id, withdrawn_at=None)
    why = reason.strip() or f"{source_kind} {source_id} no longer counts"
    return [_withdraw(item, by=by, why=why, at=at) for item in held]


def _costs(case: Case) -> Decimal | None:
    if case.state != CLOSED or case.conclusion not in COUNTED or case.responsible != Case.Responsible.AGENCY:
        return None
    key = "case_points_serious" if case.level in SERIOUS else "case_points_general"
    return Decimal(settings()[key].on(beijing_day(_closed_at(case))))


def _closed_at(case: Case) -> datetime:
    return case.closed_at or case.opened_at


def _year(case: Case) -> int:
    return beijing(_closed_at(case)).year


def _write(case: Case, points: Decimal, at: datetime) -> CreditItem:
    assert case.agency is not None, "the close of a case with the agency responsible names it"
    item = CreditItem.objects.create(
        agency=case.agency,
        year=_year(case),
        indicator=INDICATOR,
        points=points,
        source_kind="case",
        source_id=case.number,
        sentence_zh=f"案件 {case.number} {case.get_conclusion_display()}：{case.title_zh}"[:200],
        sentence_en=f"Case {case.number} {case.conclusion}: {case.title_en}"[:200],
        clause=f"WF-13 {indicators()[INDICATOR].zh}",
        sureness=indicators()[INDICATOR].sureness,
        created_at=at,
    )
    detail = {
        "agency": case.agency.uscc,
        "year": item.year,
        "indicator": INDICATOR,
        "points": str(points),
        "case": case.number,
    }
    audit_record(by=None, action="credit.counted", subject=item, at=at, detail=detail)
    return item


def _withdraw(item: CreditItem, *, by: User | None, why: str, at: datetime) -> CreditItem:
    if not CreditItem.objects.filter(pk=item.pk, withdrawn_at=None).update(withdrawn_at=at):
        raise StaleState(f"credit item {item.pk} is withdrawn already")
    audit_record(
        by=by, action="credit.withdrawn", subject=item, at=at, detail={"why": why, "source": item.source_id}
    )
    item.refresh_from_db()
    return item
