"""From a person's scope to a condition on rows, the same for every app above the register (WF-2.1)."""

from django.db.models import Q

from mingcha.apps.accounts.permissions import Reach, Viewer, scope

NOBODY = Q(pk__in=[])


def reach(
    user: Viewer, *, discharger: str | None = None, agency: str | None = None, district: str | None = None
) -> Q:
    """Rows within the scope of ``user``.

    Each argument names the path from the row to the discharger, the agency or the district; a person whose
    path is missing sees nothing. The district is the discharger's where no path is given.
    """
    found = scope(user)
    if found.kind is Reach.ALL:
        return Q()
    if found.kind is Reach.DISTRICT and (district or discharger):
        return Q(**{district or f"{discharger}__district": found.district_id})
    if found.kind is Reach.DISCHARGER and discharger:
        return Q(**{discharger: found.organisation_id})
    if found.kind is Reach.AGENCY and agency:
        return Q(**{agency: found.organisation_id})
    return NOBODY
