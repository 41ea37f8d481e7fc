"""Addresses under ``/api/``. What no module knows is answered in the form of the API, not by a page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt

from mingcha.api.errors import failed, not_found
from mingcha.api.main import api
from mingcha.apps.maintenance.words import say

View = Callable[..., HttpResponse]


def _in_form(view: View) -> View:
    """``view``, with another form of "method not allowed" than the library's."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        text = say(f"这里不接受 {request.method}。", f"{request.method} is not possible here.")
        answer = failed(405, "no_such_method", f"{text} ({response.get('Allow', '')})")
        answer["Allow"] = response.get("Allow", "")
        return answer

    return inner


@csrf_exempt  # there is nothing to write here
def _missing(request: HttpRequest) -> HttpResponse:
    return not_found(request)


def _patterns() -> list[URLPattern | URLResolver]:
    found: list[URLPattern | URLResolver] = api.urls[0]
    for pattern in found:
        if isinstance(pattern, URLPattern):
            pattern.callback = _in_form(pattern.callback)
    return found


urlpatterns = [path("", (_patterns(), *api.urls[1:])), re_path(r"", _missing)]
