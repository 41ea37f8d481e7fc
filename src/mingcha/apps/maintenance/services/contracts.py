from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from mingcha.apps.accounts.models import Organisation, User
from mingcha.apps.accounts.permissions import Reach, require, scope
from mingcha.apps.audit.services import audit_record
from mingcha.apps.maintenance.guards import agency_may_work
from mingcha.apps.maintenance.models import Contract
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry.models import Outlet
from mingcha.core.errors import BadInput, NotAllowed


@transaction.atomic
def contract_sign(
    *,
    agency: Organisation,
    discharger: Organisation,
    outlets: Sequence[Outlet],
    number: str,
    start: date,
    end: date,
    at: datetime,
    by: User | None = None,
) -> Contract:
    """Enter a contract: ``agency`` answers for ``outlets`` from ``start`` to ``end``, both included.

    Raises:
        NotAllowed: ``by`` is of neither party and no authority.
        BadInput: an outlet is another discharger's or has an agency on one of the days.
    """
    require(by, "contract.sign")
    _party(by, agency, discharger)
    agency_may_work(agency)
    problems = _problems(discharger, outlets, number.strip(), start, end)
    if problems:
        raise BadInput(problems)
    contract = Contract.objects.create(
        agency=agency, discharger=discharger, number=number.strip(), start=start, end=end
    )
    contract.outlets.set(outlets)
    detail = {
        "number": contract.number,
        "agency": agency.uscc,
        "outlets": [o.key for o in outlets],
        "start": start,
        "end": end,
    }
    audit_record(by=by, action="contract.signed", subject=contract, at=at, detail=detail)
    return contract


@transaction.atomic
def contract_end(*, contract: Contract, on: date, at: datetime, by: User | None = None) -> Contract:
    """End a contract early; ``on`` is the first day without it.

    Raises:
        NotAllowed: ``by`` is of neither party and no authority.
        BadInput: the day lies outside the contract.
    """
    require(by, "contract.sign")
    _party(by, contract.agency, contract.discharger)
    if not contract.start <= on <= contract.end:
        raise BadInput(
            {"on": say(
                f"终止日 {on} 不在合同期 {contract.start} 至 {contract.end} 内。请改终止日。",
                f"{on} lies outside the contract, {contract.start} to {contract.end}. Choose a day inside.",
            )}
        )  # fmt: skip
    contract.ended_early_on = on
    contract.save(update_fields=["ended_early_on"])
    audit_record(by=by, action="contract.ended", subject=contract, at=at, detail={"on": on})
    return contract


def _party(by: User | None, agency: Organisation, discharger: Organisation) -> None:
    if by is None:
        return
    found = scope(by)
    if found.kind is Reach.DISTRICT and found.district_id == discharger.district_id:
        return
    if found.kind is Reach.ALL or found.organisation_id in (agency.pk, discharger.pk):
        return
    raise NotAllowed(
        say(
            f"您不属于 {agency.name} 或 {discharger.name}，不能登记其合同。",
            f"You belong to neither {agency.name} nor {discharger.name}.",
        ),
        needs=say(
            f"{agency.name} 或 {discharger.name} 的管理员",
            f"an administrator of {agency.name} or {discharger.name}",
        ),
    )


def _problems(
    discharger: Organisation, outlets: Sequence[Outlet], number: str, start: date, end: date
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not number:
        problems["number"] = say("合同编号未填。请填写。", "No contract number. Type it.")
    elif Contract.objects.filter(number=number).exists():
        problems["number"] = say(
            f"合同编号 {number} 已登记。请核对编号。",
            f"Contract {number} is entered already. Check the number.",
        )
    if end < start:
        problems["end"] = say(
            f"终止日 {end} 早于起始日 {start}。请改终止日。",
            f"The end {end} is before the start {start}. Correct it.",
        )
    foreign = [outlet.code for outlet in outlets if outlet.discharger_id != discharger.pk]
    if not outlets or foreign:
        problems["outlets"] = say(
            f"{'、'.join(foreign) or '未选排放口'}：排放口应属于 {discharger.name}。请重新选择。",
            f"{', '.join(foreign) or 'no outlet chosen'}: the outlets must be those of {discharger.name}. Choose again.",
        )
    elif taken := _overlaps(outlets, start, end):
        problems["outlets"] = say(
            f"{'、'.join(taken)} 在该期间已有运维合同。同一排放口同一天只能有一家运维机构。请改期间或排放口。",
            f"{', '.join(taken)}: there is a contract in that time. One agency answers for an outlet on a day. Change time or outlets.",
        )
    return problems


def _overlaps(outlets: Sequence[Outlet], start: date, end: date) -> list[str]:
    """Outlets with an agency on one of the days (WF-7), each with the contract's number."""
    held = Contract.objects.filter(
        Q(ended_early_on=None) | Q(ended_early_on__gt=start), start__lte=end, end__gte=start
    )
    pairs = held.filter(outlets__in=outlets).values_list("outlets__code", "number").distinct()
    codes = {outlet.code for outlet in outlets}
    return sorted(f"{code} ({number})" for code, number in pairs if code in codes)
