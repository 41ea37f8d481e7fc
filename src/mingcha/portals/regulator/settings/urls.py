from django.urls import path

from mingcha.portals.regulator.access import for_regulators
from mingcha.portals.regulator.settings import views
from mingcha.portals.shared.settings.urls import PREFIX, setting_paths

urlpatterns = [
    *setting_paths("regulator", for_regulators),
    path(f"{PREFIX}<str:kind>/new/", views.new, name="outlet_settings_new"),
    path(f"{PREFIX}<str:kind>/<int:number>/undo/", views.undo, name="outlet_settings_undo"),
]
