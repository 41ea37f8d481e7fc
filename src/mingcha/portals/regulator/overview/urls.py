from django.urls import path

from mingcha.portals.regulator.overview import live, views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("overview/region/", views.region, name="overview_region"),
    path("overview/work/", views.work, name="overview_work"),
    path("live/", live.stream, name="live"),
]
