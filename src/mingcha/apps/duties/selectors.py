"""Deadlines, as far as the viewer is concerned."""

from django.db.models import QuerySet

from mingcha.apps.accounts.permissions import Reach, Viewer, scope
from mingcha.apps.duties.models import Duty
from mingcha.core.errors import NotFound


def duties_visible_to(user: Viewer) -> QuerySet[Duty]:
    """Duties of one's own organisation, of a district's organisations, or all; the next due first."""
    found = Duty.objects.select_related("organisation", "organisation__district", "decided_by")
    reach = scope(user)
    if reach.kind is Reach.ALL:
        return found
    if reach.kind is Reach.DISTRICT:
        return found.filter(organisation__district=reach.district_id)
    if reach.kind is Reach.NONE:
        return found.none()
    return found.filter(organisation=reach.organisation_id)


def duties_for_subject(user: Viewer, subject_kind: str, subject_id: str | int) -> QuerySet[Duty]:
    """The duties about one object that ``user`` may see."""
    return duties_visible_to(user).filter(subject_kind=subject_kind, subject_id=str(subject_id))


def duty_by_id(duty_id: int | str) -> Duty:
    """For workers: without a viewer.

    Raises:
        NotFound: there is none.
    """
    found = Duty.objects.select_related("organisation", "organisation__district").filter(pk=duty_id).first()
    if found is None:
        raise NotFound(f"no duty {duty_id}")
    return found


def duty_get(user: Viewer, duty_id: int) -> Duty:
    """One duty.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = duties_visible_to(user).filter(pk=duty_id).first()
    if found is None:
        raise NotFound(f"no duty {duty_id}")
    return found
