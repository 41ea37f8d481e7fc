"""Addresses of the phone, under /m/."""

from django.urls import include, path

from mingcha.portals.mobile.me.views import me
from mingcha.portals.mobile.tasks import views as tasks
from mingcha.portals.mobile.visits.views import current

app_name = "mobile"
urlpatterns = [
    path("", tasks.tasks, name="tasks"),
    path("tasks/<int:task_id>/", tasks.task, name="task"),
    path("tasks/<int:task_id>/sign-in/", tasks.sign_in, name="task_sign_in"),
    path("current/", current, name="current"),
    path("visits/", include("mingcha.portals.mobile.visits.urls")),
    path("me/", me, name="me"),
]
