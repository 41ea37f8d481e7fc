from django.urls import path

from mingcha.portals.agency.people.views import people

urlpatterns = [path("", people, name="people")]
