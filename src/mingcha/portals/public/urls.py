"""Addresses of the public pages, under /. No account, no cookie beyond language and theme, no tracking."""

from django.urls import include, path

from mingcha.portals.public.agencies.views import agencies
from mingcha.portals.public.outlets.views import outlets

app_name = "public"
urlpatterns = [
    path("", outlets, name="outlets"),
    path("outlets/<str:uscc>/<str:code>/", include("mingcha.portals.public.outlets.urls")),
    path("agencies/", agencies, name="agencies"),
]
