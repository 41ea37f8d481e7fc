"""Reading contracts, tasks, visits and records. The viewer comes first."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet

from mingcha.apps.accounts.models import Organisation, User
from mingcha.apps.accounts.permissions import ACTIONS, Viewer
from mingcha.apps.accounts.selectors import people_of
from mingcha.apps.duties.models import Duty
from mingcha.apps.maintenance.forms import Form, form_get
from mingcha.apps.maintenance.models import OPEN, Contract, Record, Task, Visit
from mingcha.apps.maintenance.reach import reach
from mingcha.apps.maintenance.values import Activity, Asked, activities, activity_get, flag_words
from mingcha.apps.maintenance.words import say
from mingcha.apps.registry.models import Outlet
from mingcha.core.errors import NotFound
from mingcha.core.facts import Medium
from mingcha.core.spans import Span
from mingcha.core.workdays import due_same_day


@dataclass(frozen=True, slots=True)
class FormNeed:
    """A form of a visit: how much it is ``need``ed (all, one, may, extra) and its latest record."""

    form: Form
    need: str
    record: Record | None


def contracts_visible_to(user: Viewer) -> QuerySet[Contract]:
    found = Contract.objects.select_related("agency", "discharger").prefetch_related("outlets")
    return found.filter(reach(user, discharger="discharger", agency="agency"))


def serving_contract(outlet: Outlet, day: date) -> Contract | None:
    """The contract that holds for ``outlet`` on ``day``: at most one (WF-7)."""
    return running_on(day).filter(outlets=outlet).select_related("agency").first()


def serving_agency(outlet: Outlet, day: date) -> Organisation | None:
    """Who answers for the O&M of ``outlet`` on ``day``."""
    contract = serving_contract(outlet, day)
    return contract.agency if contract else None


def running_on(day: date) -> QuerySet[Contract]:
    open_end = Q(ended_early_on=None) | Q(ended_early_on__gt=day)
    return Contract.objects.filter(open_end, start__lte=day, end__gte=day)


def tasks_visible_to(user: Viewer) -> QuerySet[Task]:
    found = Task.objects.select_related("contract__agency", "outlet__discharger", "assignee")
    return found.filter(reach(user, discharger="outlet__discharger", agency="contract__agency"))


def task_get(user: Viewer, task_id: int) -> Task:
    """One task.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = tasks_visible_to(user).filter(pk=task_id).first()
    if found is None:
        raise NotFound(say(f"没有编号为 {task_id} 的任务。", f"There is no task {task_id}."))
    return found


def visits_visible_to(user: Viewer) -> QuerySet[Visit]:
    found = Visit.objects.select_related("outlet__discharger", "agency", "technician", "task")
    return found.filter(reach(user, discharger="outlet__discharger", agency="agency"))


def visit_get(user: Viewer, number: str) -> Visit:
    """One visit.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = visits_visible_to(user).filter(number=number).first()
    if found is None:
        raise NotFound(say(f"没有编号为 {number} 的运维活动。", f"There is no visit {number}."))
    return found


def visit_by_id(visit_id: int | str) -> Visit:
    """For workers, who know the subject of an audit row.

    Raises:
        NotFound: there is none.
    """
    found = (
        Visit.objects.select_related("outlet__discharger", "agency", "technician").filter(pk=visit_id).first()
    )
    if found is None:
        raise NotFound(f"there is no visit with id {visit_id}")
    return found


def confirmers_of(visit: Visit) -> list[User]:
    """Who may confirm the visit: people of the discharger who took no part in it."""
    return [
        person
        for person in _people(visit.outlet.discharger, "visit.confirm")
        if person.pk not in _workers(visit)
    ]


def reviewers_of(visit: Visit) -> list[User]:
    """Who may review the visit: reviewers of the agency who took no part in it."""
    return [person for person in _people(visit.agency, "visit.review") if person.pk not in _workers(visit)]


def _people(organisation: Organisation, action: str) -> list[User]:
    return people_of(organisation, *ACTIONS[action])


def _workers(visit: Visit) -> set[int]:
    return {visit.technician_id, *visit.records.values_list("author_id", flat=True)}


def visits_of_outlet(user: Viewer, outlet: Outlet, span: Span) -> QuerySet[Visit]:
    """Visits with presence in the span, for the chart; one without sign-out counts at its sign-in."""
    inside = Q(sign_in_at__lt=span.end) & (Q(sign_out_at__gt=span.start) | Q(sign_in_at__gte=span.start))
    return visits_visible_to(user).filter(inside, outlet=outlet)


def records_of(user: Viewer, visit: Visit) -> list[Record]:
    """The newest version of each form. Drafts are the agency's own; others see what was submitted.

    Raises:
        NotFound: ``user`` may not know of the visit.
    """
    mine = _own(user, visit)
    shown = [r for r in visit.records.select_related("author") if mine or r.submitted]
    return list({record.form: record for record in sorted(shown, key=lambda r: r.version)}.values())


def record_versions(user: Viewer, visit: Visit, form_id: str) -> list[Record]:
    """All versions of one form, oldest first; the same rule for drafts."""
    mine = _own(user, visit)
    versions = visit.records.filter(form=form_id).select_related("author").order_by("version")
    return [record for record in versions if mine or record.submitted]


def forms_for(visit: Visit) -> list[Form]:
    """The forms the visit's activity asks for or offers (WF-8.5), in the order of the table."""
    return [form_get(form_id) for form_id in asked_for(visit).every]


def form_needs(visit: Visit) -> list[FormNeed]:
    """The same with how much each is needed and its latest record; records beyond it come last as ``extra``."""
    asked = asked_for(visit)
    latest = latest_records(visit)
    named = (
        [(i, "all") for i in asked.all] + [(i, "one") for i in asked.one] + [(i, "may") for i in asked.may]
    )
    named += [(form_id, "extra") for form_id in latest if form_id not in asked.every]
    return [FormNeed(form_get(form_id), need, latest.get(form_id)) for form_id, need in named]


def asked_for(visit: Visit) -> Asked:
    asked = activity_get(visit.activity).asks(visit.outlet.medium, visit.outlet.principle)
    return asked or Asked()


def activities_for(outlet: Outlet) -> list[Activity]:
    """The activities that exist for the outlet's medium."""
    return [a for a in activities().values() if a.asks(outlet.medium, outlet.principle) is not None]


def latest_records(visit: Visit) -> dict[str, Record]:
    """The newest version by form, drafts included."""
    return {record.form: record for record in visit.records.order_by("version")}


def confirm_due(visit: Visit) -> datetime:
    """Until when the discharger has to confirm: the end of the day of sign-out, or of the records' arrival where
    they came later or the visit is not signed out yet (WF-1.6).
    """
    reached = [moment for moment in (visit.submitted_at, visit.sign_out_at) if moment is not None]
    return due_same_day(max(reached) if reached else visit.sign_in_at).at


def duties_of_visit(visit: Visit) -> QuerySet[Duty]:
    """Its duties of confirmation, one per round of submitting, newest last."""
    mine = Q(subject_id=visit.number) | Q(subject_id__startswith=f"{visit.number}/")
    return Duty.objects.filter(mine, subject_kind="visit").order_by("id")


def visit_of_subject(subject_id: str) -> Visit | None:
    """The visit a duty speaks of."""
    return (
        Visit.objects.select_related("outlet__discharger").filter(number=subject_id.partition("/")[0]).first()
    )


def open_visits_of(user: Viewer) -> QuerySet[Visit]:
    """Visits the technician has begun and not submitted."""
    return visits_visible_to(user).filter(technician_id=user.pk, state=OPEN)


def flags_in_words(visit: Visit) -> list[str]:
    """The flags of a visit, in the language of the page."""
    words = flag_words()
    return [say(words[flag]["zh"], words[flag]["en"]) if flag in words else flag for flag in visit.flags]


def is_gas(outlet: Outlet) -> bool:
    return outlet.medium == Medium.GAS.value


def _own(user: Viewer, visit: Visit) -> bool:
    visit_get(user, visit.number)
    return getattr(user, "organisation_id", None) == visit.agency_id
