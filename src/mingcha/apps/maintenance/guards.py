"""Who and what must be right before a move of ``Visit.NEXT`` or ``Task.NEXT`` is made (WF-8, WF-2.5).

A guard returns nothing or raises: ``BadInput`` where a fact is wrong, ``NotAllowed`` where the person is.
"""

from datetime import date, datetime, timedelta

from mingcha.apps.accounts.models import Organisation, User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.maintenance.models import Contract, Visit
from mingcha.apps.maintenance.selectors import confirm_due, serving_contract
from mingcha.apps.maintenance.values import settings
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry.models import Outlet
from mingcha.core.clock import beijing_day
from mingcha.core.errors import BadInput, NotAllowed


def agency_may_work(agency: Organisation) -> None:
    """A filed agency that is not locked, suspended or cancelled (WF-4.3)."""
    if agency.kind != Organisation.Kind.AGENCY or not agency.active:
        raise BadInput(
            {"agency": say(
                f"{agency.name} 不是有效备案的运维机构。运维须由已备案且未锁定的机构进行。请先办理备案或恢复。",
                f"{agency.name} is no agency with a valid filing. Only such an agency may work. File or reactivate it first.",
            )}
        )  # fmt: skip


def contract_running(outlet: Outlet, agency: Organisation, day: date) -> Contract:
    """The contract under which ``agency`` answers for ``outlet`` on ``day``."""
    contract = serving_contract(outlet, day)
    if contract is None or contract.agency_id != agency.pk:
        raise BadInput(
            {"outlet": say(
                f"{day} 没有 {agency.name} 运维 {outlet} 的有效合同。签到须有当日有效的合同。请先登记合同。",
                f"{agency.name} has no running contract for {outlet} on {day}. A sign-in needs one. Enter the contract first.",
            )}
        )  # fmt: skip
    return contract


def technician_of(technician: User, agency: Organisation) -> None:
    """A technician of the agency itself."""
    require(technician, "visit.sign_in")
    if technician.organisation_id != agency.pk:
        raise NotAllowed(
            say(f"您不是 {agency.name} 的运维人员，不能办理。", f"You are no technician of {agency.name}."),
            needs=say(f"{agency.name} 的运维人员", f"a technician of {agency.name}"),
        )


def works_on(visit: Visit, by: User, action: str) -> None:
    """A technician of the visit's agency: several may file records of one visit (WF-8.4)."""
    require(by, action)
    technician_of(by, visit.agency)


def signed_in(visit: Visit, by: User) -> None:
    """The technician who signed in also submits and signs out."""
    if by.pk != visit.technician_id:
        raise NotAllowed(
            say(
                f"本次运维由 {visit.technician} 签到。应由签到人办理。请由其本人操作。",
                f"{visit.technician} signed in. The same person must do this.",
            ),
            needs=str(visit.technician),
        )


def may_review(visit: Visit, by: User) -> None:
    """A reviewer of the agency who took no part in the visit (R6, WF-2.5)."""
    require(by, "visit.review")
    if by.organisation_id != visit.agency_id:
        raise NotAllowed(
            say(f"您不是 {visit.agency} 的审核人员，不能审核。", f"You are no reviewer of {visit.agency}."),
            needs=say(f"{visit.agency} 的审核人员", f"a reviewer of {visit.agency}"),
        )
    _took_no_part(visit, by, say("审核", "review"))


def may_confirm(visit: Visit, by: User, action: str) -> None:
    """A confirmer of the outlet's discharger who took no part in the visit (R3, WF-2.5)."""
    require(by, action)
    discharger = visit.outlet.discharger
    if by.organisation_id != discharger.pk:
        raise NotAllowed(
            say(
                f"您不是 {discharger.name} 的确认人，不能办理。",
                f"You are no confirmer of {discharger.name}.",
            ),
            needs=say(f"{discharger.name} 的确认人", f"a confirmer of {discharger.name}"),
        )
    _took_no_part(visit, by, say("确认", "confirm"))


def still_confirmable(visit: Visit, at: datetime) -> None:
    """A confirmation counts late for some days after the due day, then no more (WF-8)."""
    days = settings()["confirm_grace_days"].whole(beijing_day(at))
    last = confirm_due(visit) + timedelta(days=days)
    if at >= last:
        raise BadInput(
            {"": say(
                f"确认期限及其后 {days} 天已过。现在不能再确认。请与主管部门联系。",
                f"The term and the {days} days after it are over. It can no longer be confirmed. Contact the authority.",
            )}
        )  # fmt: skip


def still_withdrawable(visit: Visit, at: datetime) -> None:
    """A confirmation can be taken back for some minutes (WF-8)."""
    minutes = settings()["withdraw_min"].whole(beijing_day(at))
    if visit.confirmed_at is None or at - visit.confirmed_at > timedelta(minutes=minutes):
        raise BadInput(
            {"": say(
                f"确认已超过 {minutes} 分钟。应在 {minutes} 分钟内撤回。请联系运维机构说明情况。",
                f"Confirmed more than {minutes} minutes ago. It can be taken back within {minutes} minutes. Tell the agency.",
            )}
        )  # fmt: skip


def in_order(visit: Visit, at: datetime) -> None:
    """Where the setting asks for it, the discharger confirms before the agency approves (WF-8.3)."""
    if settings()["confirm_before_review"].whole(beijing_day(at)) and visit.confirmed_at is None:
        raise BadInput(
            {"": say(
                "排污单位尚未确认。按设置应先确认、后审核。请等待确认。",
                "The discharger has not confirmed. Here confirmation comes before review. Wait for it.",
            )}
        )  # fmt: skip


def reason_given(text: str, field: str) -> str:
    """A return or rejection says why."""
    text = text.strip()
    if not text:
        raise BadInput(
            {
                field: say(
                    "原因未填。退回须说明原因。请填写原因。", "No reason given. A return needs one. Write it."
                )
            }
        )
    return text


def _took_no_part(visit: Visit, by: User, deed: str) -> None:
    if by.pk == visit.technician_id or visit.records.filter(author=by).exists():
        raise NotAllowed(
            say(
                f"您参加了本次运维，不能再{deed}。运维、审核、确认须由不同的人进行（WF-2.5）。请由他人办理。",
                f"You took part in this visit and cannot {deed} it. Work, review and confirmation need different persons (WF-2.5).",
            ),
            needs=say("未参加本次运维的人员", "a person who took no part in the visit"),
        )
