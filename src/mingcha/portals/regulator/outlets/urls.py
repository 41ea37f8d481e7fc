from django.urls import path

from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.regulator.outlets import views
from mingcha.portals.shared.outlet.urls import outlet_paths
from mingcha.portals.shared.rates.urls import rate_paths

urlpatterns = [
    path("outlets/", views.outlets, name="outlets"),
    *outlet_paths("regulator", for_regulators),
    *rate_paths("regulator", for_regulators),
]
