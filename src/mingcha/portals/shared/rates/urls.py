"""Addresses of rates, comparison and revisions for one portal: ``*rate_paths("agency", guard)`` in its ``urls.py``.

Names: ``rates``, ``rates_outlet`` (uscc, code), ``rates_day`` (uscc, code, day), ``compare``, ``compare_data``,
``revisions``.
"""

from collections.abc import Callable
from functools import partial

from django.urls import URLPattern, path
from django.views.decorators.http import require_GET

from mingcha.portals.shared.access import View
from mingcha.portals.shared.rates import compare, revised, views


def rate_paths(namespace: str, guard: Callable[[View], View]) -> list[URLPattern]:
    """``guard`` is the portal's ``open_to(…)``."""
    pages: list[tuple[str, str, View]] = [
        ("rates/", "rates", views.rates_page),
        ("rates/<str:uscc>/<str:code>/", "rates_outlet", views.outlet_rates),
        ("rates/<str:uscc>/<str:code>/<str:day>/", "rates_day", views.outlet_day),
        ("compare/", "compare", compare.compare_page),
        ("compare/data/", "compare_data", compare.compare_data),
        ("revisions/", "revisions", revised.revisions_page),
    ]
    return [
        path(route, guard(require_GET(partial(view, namespace=namespace))), name=name)
        for route, name, view in pages
    ]
