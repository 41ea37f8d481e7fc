from django.urls import path

from mingcha.portals.discharger.visits import views

urlpatterns = [
    path("", views.visits, name="visits"),
    path("confirm/", views.confirm_many, name="visits_confirm"),
    path("<str:number>/", views.visit, name="visit"),
    path("<str:number>/confirm/", views.confirm, name="visit_confirm"),
    path("<str:number>/reject/", views.reject, name="visit_reject"),
    path("<str:number>/withdraw/", views.withdraw, name="visit_withdraw"),
    path("<str:number>/photos/<str:digest>/", views.photo, name="visit_photo"),
]
