from django.urls import path

from mingcha.portals.regulator.findings import views

urlpatterns = [
    path("findings/", views.findings_desk, name="findings"),
    path("findings/bulk/", views.bulk, name="findings_bulk"),
    path("findings/<str:number>/", views.finding, name="finding"),
    path("findings/<str:number>/<slug:move>/", views.act, name="finding_move"),
]
