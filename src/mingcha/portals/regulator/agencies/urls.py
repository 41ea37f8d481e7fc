from django.urls import path

from mingcha.portals.regulator.agencies import views

urlpatterns = [
    path("agencies/", views.agency_list, name="agencies"),
    path("agencies/<str:uscc>/", views.agency, name="agency"),
]
