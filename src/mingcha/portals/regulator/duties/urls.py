from django.urls import path

from mingcha.portals.regulator.duties import views

urlpatterns = [path("duties/", views.duty_list, name="duties")]
