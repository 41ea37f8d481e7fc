"""我的: who I am here, my visits of late, language, leaving."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mingcha.apps.maintenance import selectors
from mingcha.portals.mobile import access
from mingcha.portals.shared.access import viewer

SHOWN = 20  # latest visits


@access.readers
def me(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    visits = selectors.visits_visible_to(user).filter(technician_id=user.pk)[:SHOWN]
    return render(request, "mobile/me/me.html", {"title": _("我的"), "person": user, "visits": visits})
