from django.urls import path

from mingcha.portals.mobile.records import views as records
from mingcha.portals.mobile.visits import views

urlpatterns = [
    path("<str:number>/", views.visit, name="visit"),
    path("<str:number>/photos/<str:digest>/", views.photo, name="visit_photo"),
    path("<str:number>/submit/", views.submit, name="visit_submit"),
    path("<str:number>/sign-out/", views.sign_out, name="visit_sign_out"),
    path("<str:number>/records/<slug:form_id>/", records.record, name="record"),
]
