from django.urls import path

from mingcha.portals.discharger.duties.views import duties

urlpatterns = [path("", duties, name="duties")]
