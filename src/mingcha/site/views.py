"""Pages that belong to no portal: sign-in, home, language, theme, notices, health."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from mingcha.apps.accounts.roles import Role
from mingcha.apps.notices import selectors as notices
from mingcha.apps.notices import services as notice_services
from mingcha.core.clock import now
from mingcha.portals.shared.access import viewer
from mingcha.site.context import THEMES, portal_of_role

YEAR_S = 365 * 24 * 3600
# First page of each portal, ui.md §2.
FIRST = {
    "regulator": "regulator:overview",
    "discharger": "discharger:today",
    "agency": "agency:today",
    "mobile": "mobile:tasks",
    "public": "public:outlets",
}


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _("用户名或密码不对。请核对大小写后重试；连续 8 次错误将暂停 15 分钟。"),
        "inactive": _("此账号已停用。请联系系统管理员。"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("用户名")
        self.fields["password"].label = _("密码")


class SignIn(LoginView):
    template_name = "sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "title": _("登录")}


class SignOut(LogoutView):
    http_method_names = ["post"]


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Each role to the first page of its portal; strangers to the public pages."""
    role = getattr(request.user, "role", "")
    if role == Role.SYSTEM_ADMIN:
        return redirect("regulator:frames")
    try:
        return redirect(reverse(FIRST[portal_of_role(role)]))
    except NoReverseMatch:
        return redirect("/")


def _back(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if safe else "/"


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Another language, the same address."""
    response = redirect(_back(request))
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, chosen, max_age=YEAR_S, samesite="Lax", httponly=True
        )
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    response = redirect(_back(request))
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=YEAR_S, samesite="Lax", httponly=True)
    return response


@login_required
@require_GET
def notice_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(notices.notices_of(request.user), 50).get_page(request.GET.get("page"))
    return render(request, "notices.html", {"title": _("通知"), "page": page})


@login_required
@require_POST
def notice_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark as read and go where it points."""
    notice = notice_services.notice_read(user=viewer(request), pk=pk, at=now())
    link = notice.link
    safe = url_has_allowed_host_and_scheme(link, {request.get_host()}, require_https=request.is_secure())
    return redirect(link if safe else "notices")


@require_GET
def health(request: HttpRequest) -> JsonResponse:
    """For supervisors and load balancers: the web process answers."""
    return JsonResponse({"ok": True})
