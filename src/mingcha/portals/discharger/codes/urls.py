from django.urls import path

from mingcha.portals.discharger.codes import views

urlpatterns = [
    path("", views.codes, name="codes"),
    path("<str:uscc>/<str:code>/<int:year>/<int:quarter>/", views.quarter, name="codes_quarter"),
]
