from django.urls import path

from mingcha.portals.regulator.cases import views

urlpatterns = [
    path("cases/", views.case_list, name="cases"),
    path("cases/<str:number>/", views.case, name="case"),
    path("cases/<str:number>/<slug:move>/", views.act, name="case_move"),
]
