"""Who is there, as far as the viewer may know."""

from django.db.models import Q, QuerySet

from mingcha.apps.accounts.models import District, Organisation, User
from mingcha.apps.accounts.permissions import Reach, Scope, Viewer, can, scope
from mingcha.core.errors import NotFound


def districts() -> QuerySet[District]:
    """All districts: no secret."""
    return District.objects.all()


def district_by_code(code: str) -> District:
    found = District.objects.filter(code=code).first()
    if found is None:
        raise NotFound(f"no district has the code {code}")
    return found


def organisations_visible_to(user: Viewer) -> QuerySet[Organisation]:
    """Own organisation and those it has or had contracts with; an area; everything.

    An agency is seen by the districts of the dischargers it works for (WF-2.1). Account administrators
    see all names, for they make the accounts.
    """
    found = Organisation.objects.select_related("district")
    if can(user, "account.manage"):
        return found
    return found.filter(_reach(scope(user))).distinct()


def organisation_get(*, user: Viewer, uscc: str) -> Organisation:
    """One organisation.

    Raises:
        NotFound: there is none, or ``user`` may not know of it.
    """
    found = organisations_visible_to(user).filter(uscc=uscc).first()
    if found is None:
        raise NotFound(f"no organisation {uscc}")
    return found


def organisation_by_uscc(uscc: str) -> Organisation:
    """For workers and loaders: without a viewer.

    Raises:
        NotFound: there is none.
    """
    found = Organisation.objects.select_related("district").filter(uscc=uscc).first()
    if found is None:
        raise NotFound(f"no organisation {uscc}")
    return found


def people_visible_to(user: Viewer) -> QuerySet[User]:
    """Colleagues; for an area role also the people of its district and its organisations."""
    found = User.objects.select_related("organisation", "district").order_by("username")
    reach = scope(user)
    if reach.kind is Reach.ALL or can(user, "account.manage"):
        return found
    if reach.kind is Reach.DISTRICT:
        return found.filter(Q(district=reach.district_id) | Q(organisation__district=reach.district_id))
    if reach.kind is Reach.NONE:
        return found.none()
    return found.filter(organisation=reach.organisation_id)


def people_of(organisation: Organisation, *roles: str) -> list[User]:
    """Active people of an organisation, of any of ``roles`` where given: to whom a notice goes."""
    found = organisation.people.filter(is_active=True)
    return list((found.filter(role__in=roles) if roles else found).order_by("username"))


def people_who_may(action: str, district: str) -> list[User]:
    """Active people who may take ``action`` and see the district with this code: to whom a notice goes."""
    found = User.objects.select_related("district").filter(is_active=True).order_by("username")
    return [user for user in found if can(user, action) and _sees(scope(user), user, district)]


def _sees(reach: Scope, user: User, district: str) -> bool:
    if reach.kind is Reach.DISTRICT:
        return user.district is not None and user.district.code == district
    return reach.kind is Reach.ALL


def user_by_name(username: str) -> User:
    """The account ``username``.

    Raises:
        NotFound: there is none.
    """
    found = User.objects.select_related("organisation", "district").filter(username=username).first()
    if found is None:
        raise NotFound(f"no account is named {username}")
    return found


def _reach(reach: Scope) -> Q:
    if reach.kind is Reach.ALL:
        return Q()
    if reach.kind is Reach.DISTRICT:
        serving = Q(contracts_as_agency__discharger__district=reach.district_id)
        return Q(district=reach.district_id) | serving
    if reach.kind is Reach.DISCHARGER:
        serving = Q(contracts_as_agency__discharger=reach.organisation_id)
        return Q(pk=reach.organisation_id) | serving
    if reach.kind is Reach.AGENCY:
        served = Q(contracts_as_discharger__agency=reach.organisation_id)
        return Q(pk=reach.organisation_id) | served
    return Q(pk__in=[])
