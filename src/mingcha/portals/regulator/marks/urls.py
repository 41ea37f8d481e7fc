from django.urls import path

from mingcha.portals.regulator.marks import views

urlpatterns = [
    path("marks/", views.marks, name="marks"),
    path("marks/<int:mark_id>/", views.mark, name="mark"),
]
