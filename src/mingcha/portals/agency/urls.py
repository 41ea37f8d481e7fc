"""Addresses of the agency's portal, under /agency/."""

from django.urls import include, path

from mingcha.portals.agency import access
from mingcha.portals.agency.outlets.views import outlets
from mingcha.portals.agency.today.views import today
from mingcha.portals.shared.outlet.urls import outlet_paths
from mingcha.portals.shared.rates.urls import rate_paths
from mingcha.portals.shared.settings.urls import setting_paths

app_name = "agency"
urlpatterns = [
    path("", today, name="today"),
    path("tasks/", include("mingcha.portals.agency.tasks.urls")),
    path("visits/", include("mingcha.portals.agency.visits.urls")),
    path("outlets/", outlets, name="outlets"),
    *outlet_paths("agency", access.people),
    *rate_paths("agency", access.people),
    *setting_paths("agency", access.people),
    path("people/", include("mingcha.portals.agency.people.urls")),
    path("credit/", include("mingcha.portals.agency.credit.urls")),
    path("cases/", include("mingcha.portals.agency.cases.urls")),
]
