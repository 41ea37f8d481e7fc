"""Root addresses."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from mingcha.site import views, watch

PORTALS = {
    "regulator": "regulator/",
    "discharger": "discharger/",
    "agency": "agency/",
    "mobile": "m/",
    "public": "",
}

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", views.SignIn.as_view(), name="sign_in"),
    path("sign-out/", views.SignOut.as_view(), name="sign_out"),
    path("home/", views.home, name="home"),
    path("language/", views.language, name="language"),
    path("theme/", views.theme, name="theme"),
    path("notices/", views.notice_list, name="notices"),
    path("notices/<int:pk>/", views.notice_open, name="notice_open"),
    path("healthz", views.health, name="health"),
    path("health/live", watch.live, name="health_live"),
    path("health/ready", watch.ready, name="health_ready"),
    path("metrics", watch.metrics_page, name="metrics"),
    path("admin/", admin.site.urls),
    path("api/", include("mingcha.api.urls")),
    *(
        path(prefix, include((f"mingcha.portals.{portal}.urls", portal), namespace=portal))
        for portal, prefix in PORTALS.items()
    ),
]

handler400 = "mingcha.site.middleware.bad_request"
handler403 = "mingcha.site.middleware.not_allowed"
handler404 = "mingcha.site.middleware.not_found"
handler500 = "mingcha.site.middleware.broken"
