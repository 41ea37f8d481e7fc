"""Addresses of the regulator's portal, under ``/regulator/``."""

from django.urls import include, path

app_name = "regulator"

urlpatterns = [
    path("", include("mingcha.portals.regulator.overview.urls")),
    path("", include("mingcha.portals.regulator.outlets.urls")),
    path("", include("mingcha.portals.regulator.settings.urls")),
    path("", include("mingcha.portals.regulator.marks.urls")),
    path("", include("mingcha.portals.regulator.codes.urls")),
    path("", include("mingcha.portals.regulator.findings.urls")),
    path("", include("mingcha.portals.regulator.cases.urls")),
    path("", include("mingcha.portals.regulator.frames.urls")),
    path("", include("mingcha.portals.regulator.devices.urls")),
    path("", include("mingcha.portals.regulator.duties.urls")),
    path("", include("mingcha.portals.regulator.agencies.urls")),
]
