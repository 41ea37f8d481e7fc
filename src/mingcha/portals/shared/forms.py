"""Forms and lists as every portal shows them: problems beside their fields, input kept, 422; pages of a list."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Page, Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mingcha.core.errors import BadInput

UNPROCESSABLE = 422
PAGE_SIZE = 50


def add_problems(form: Form, error: BadInput) -> None:
    """Put a service's problems beside the fields they name; what has no field stands on top."""
    for name, sentence in error.problems.items():
        form.add_error(name if name in form.fields else None, sentence)


def carried_out(form: Form, act: Callable[[dict[str, Any]], object]) -> bool:
    """Call ``act`` with the clean values; False when form or service found problems (they are in ``form``)."""
    if not form.is_valid():
        return False
    try:
        act(dict(form.cleaned_data))
    except BadInput as error:
        add_problems(form, error)
        return False
    return True


def rejected(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The page again with what was typed and why it was not taken."""
    return render(request, template, context, status=UNPROCESSABLE)


def page_of(request: HttpRequest, rows: Any, size: int = PAGE_SIZE) -> Page[Any]:
    """The page of ``rows`` the address asks for; a number out of range gives the nearest page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
