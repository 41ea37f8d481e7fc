from django.urls import path

from mingcha.portals.regulator.codes import views

urlpatterns = [
    path("codes/", views.codes, name="codes"),
    path("codes/<str:uscc>/<str:code>/<int:year>/<int:quarter>/", views.quarter, name="codes_quarter"),
]
