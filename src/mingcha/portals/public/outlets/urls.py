from django.urls import path

from mingcha.portals.public.outlets import views

urlpatterns = [
    path("", views.outlet, name="outlet"),
    path("versions/", views.versions, name="outlet_versions"),
    path("versions/<int:version>/", views.outlet, name="outlet_version"),
    path("versions/<int:version>/data.json", views.as_json, name="outlet_json"),
    path("versions/<int:version>/data.csv", views.as_csv, name="outlet_csv"),
]
