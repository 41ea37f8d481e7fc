from django.urls import path

from mingcha.portals.regulator.frames import views

urlpatterns = [
    path("frames/", views.frame_list, name="frames"),
    path("frames/<path:ref>/", views.frame, name="frame"),
]
