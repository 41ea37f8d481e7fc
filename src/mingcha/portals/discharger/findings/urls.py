from django.urls import path

from mingcha.portals.discharger.findings import views

urlpatterns = [
    path("", views.findings, name="findings"),
    path("<str:number>/", views.finding, name="finding"),
]
