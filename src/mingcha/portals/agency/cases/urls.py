from django.urls import path

from mingcha.portals.agency.cases import views

urlpatterns = [path("", views.cases, name="cases"), path("<str:number>/", views.case, name="case")]
