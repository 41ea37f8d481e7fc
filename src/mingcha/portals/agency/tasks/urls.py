from django.urls import path

from mingcha.portals.agency.tasks import views

urlpatterns = [path("", views.tasks, name="tasks"), path("assign/", views.assign, name="tasks_assign")]
