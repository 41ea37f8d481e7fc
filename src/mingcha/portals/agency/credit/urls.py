from django.urls import path

from mingcha.portals.agency.credit.views import credit

urlpatterns = [path("", credit, name="credit")]
