"""What every page knows: the portal and its navigation, unread notices, theme, the present moment."""

from importlib import import_module
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from mingcha.apps.accounts.roles import AGENCY_ROLES, DISCHARGER_ROLES, REGULATOR_ROLES, Role
from mingcha.apps.notices.selectors import unread_count
from mingcha.core.clock import now
from mingcha.portals.shared.nav import Entry

PORTALS = ("regulator", "discharger", "agency", "mobile", "public")
THEMES = ("light", "dark")


def portal_of_role(role: str) -> str:
    """The portal a person works in."""
    if role in REGULATOR_ROLES or role == Role.SYSTEM_ADMIN:
        return "regulator"
    if role in DISCHARGER_ROLES:
        return "discharger"
    if role == Role.TECHNICIAN:
        return "mobile"
    return "agency" if role in AGENCY_ROLES else "public"


def portal_of(request: HttpRequest) -> str:
    """By the address; pages without a portal (errors, notices) belong to the viewer's own."""
    match = request.resolver_match
    if match is not None and match.namespace in PORTALS:
        return match.namespace
    return portal_of_role(getattr(getattr(request, "user", None), "role", ""))


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    entries: tuple[Entry, ...] = import_module(f"mingcha.portals.{portal_of(request)}.nav").NAV
    match = request.resolver_match
    view = match.view_name if match is not None else ""
    return [row for entry in entries if (row := _row(entry, view)) is not None]


def _row(entry: Entry, view: str) -> dict[str, Any] | None:
    try:
        address = reverse(entry.url)
    except NoReverseMatch:
        return None
    return {
        "title": entry.title,
        "url": address,
        "icon": entry.icon,
        "phone": entry.phone,
        "current": entry.holds(view),
    }


def page(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    theme = request.COOKIES.get("theme", "")
    return {
        "now": now(),
        "portal": portal_of(request),
        "navigation": lambda: navigation(request),
        "unread": lambda: unread_count(user) if user is not None else 0,
        "theme": theme if theme in THEMES else getattr(user, "theme", "light"),
        "back": request.get_full_path() if request.method == "GET" else request.path,
    }
