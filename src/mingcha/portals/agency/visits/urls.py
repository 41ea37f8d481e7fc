from django.urls import path

from mingcha.portals.agency.visits import views

urlpatterns = [
    path("", views.visits, name="visits"),
    path("<str:number>/", views.visit, name="visit"),
    path("<str:number>/review/", views.review, name="visit_review"),
    path("<str:number>/photos/<str:digest>/", views.photo, name="visit_photo"),
]
