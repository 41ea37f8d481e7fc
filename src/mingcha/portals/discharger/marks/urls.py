from django.urls import path

from mingcha.portals.discharger.marks import views

urlpatterns = [
    path("", views.marks, name="marks"),
    path("new/", views.new, name="mark_new"),
    path("<int:mark_id>/withdraw/", views.withdraw, name="mark_withdraw"),
]
