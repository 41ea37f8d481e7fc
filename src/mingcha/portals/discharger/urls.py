"""Addresses of the discharger's portal, under /discharger/."""

from django.urls import include, path

from mingcha.portals.discharger import access
from mingcha.portals.discharger.outlets.views import outlets
from mingcha.portals.discharger.today.views import today
from mingcha.portals.shared.outlet.urls import outlet_paths
from mingcha.portals.shared.rates.urls import rate_paths
from mingcha.portals.shared.settings.urls import setting_paths

app_name = "discharger"
urlpatterns = [
    path("", today, name="today"),
    path("visits/", include("mingcha.portals.discharger.visits.urls")),
    path("outlets/", outlets, name="outlets"),
    *outlet_paths("discharger", access.people),
    *rate_paths("discharger", access.people),
    *setting_paths("discharger", access.people),
    path("marks/", include("mingcha.portals.discharger.marks.urls")),
    path("codes/", include("mingcha.portals.discharger.codes.urls")),
    path("duties/", include("mingcha.portals.discharger.duties.urls")),
    path("findings/", include("mingcha.portals.discharger.findings.urls")),
    path("cases/", include("mingcha.portals.discharger.cases.urls")),
]
