"""Reading credit. The viewer comes first; ``score_public`` has none."""

from datetime import date

from django.db.models import Q, QuerySet

from mingcha.apps.accounts.models import Organisation
from mingcha.apps.accounts.permissions import Reach, Viewer, require, scope
from mingcha.apps.credit.models import CreditItem
from mingcha.apps.credit.values import Score, score
from mingcha.apps.maintenance.models import Contract
from mingcha.apps.maintenance.words import say
from mingcha.core.errors import NotFound


def agencies_visible_to(user: Viewer) -> QuerySet[Organisation]:
    """Agencies whose credit the viewer may see: every authority all of them, an agency itself.

    Raises:
        NotAllowed: the role sees no credit.
    """
    require(user, "credit.view")
    found = Organisation.objects.filter(kind=Organisation.Kind.AGENCY).order_by("uscc")
    held = scope(user)
    if held.kind in (Reach.ALL, Reach.DISTRICT):
        return found
    return found.filter(pk__in=[held.organisation_id]) if held.kind is Reach.AGENCY else found.none()


def agency_get(user: Viewer, uscc: str) -> Organisation:
    """One agency.

    Raises:
        NotFound: there is none, or ``user`` may not know of it. NotAllowed.
    """
    found = agencies_visible_to(user).filter(uscc=uscc).first()
    if found is None:
        raise NotFound(say(f"没有运维机构 {uscc}。", f"There is no agency {uscc}."))
    return found


def items_of(
    user: Viewer, agency: Organisation, year: int, *, withdrawn: bool = False
) -> QuerySet[CreditItem]:
    """The items of an agency and year.

    Raises:
        NotFound: ``user`` may not know of the agency. NotAllowed.
    """
    agency_get(user, agency.uscc)
    found = CreditItem.objects.filter(agency=agency, year=year)
    return found if withdrawn else found.filter(withdrawn_at=None)


def scores(user: Viewer, year: int) -> list[tuple[Organisation, Score]]:
    """The scores of the agencies the viewer may see, best first.

    Raises:
        NotAllowed: the role sees no credit.
    """
    return _scores(agencies_visible_to(user), year)


def score_of(user: Viewer, agency: Organisation, year: int) -> Score:
    """One agency's score with every object counted and lost.

    Raises:
        NotFound: ``user`` may not know of the agency. NotAllowed.
    """
    return _score(agency_get(user, agency.uscc), year)


def score_public(year: int) -> list[tuple[Organisation, Score]]:
    """Totals and grades of all active agencies for the public page."""
    return _scores(Organisation.objects.filter(kind=Organisation.Kind.AGENCY, active=True), year)


def outlets_served(agency: Organisation, year: int) -> int:
    """How many outlets the agency answered for on some day of the year."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    running = Q(ended_early_on=None) | Q(ended_early_on__gt=first)
    held = Contract.objects.filter(running, agency=agency, start__lte=last, end__gte=first)
    return held.values("outlets").exclude(outlets=None).distinct().count()


def _scores(agencies: QuerySet[Organisation], year: int) -> list[tuple[Organisation, Score]]:
    found = [(agency, _score(agency, year)) for agency in agencies]
    return sorted(found, key=lambda pair: (-pair[1].total, pair[0].uscc))


def _score(agency: Organisation, year: int) -> Score:
    items = list(CreditItem.objects.filter(agency=agency, year=year, withdrawn_at=None))
    return score(year, items, outlets=outlets_served(agency, year))
