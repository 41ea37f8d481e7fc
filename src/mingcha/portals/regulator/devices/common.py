"""What every page of devices shows: the sections a person may open, and the frame of a station's page."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from mingcha.apps.accounts.permissions import Person, can
from mingcha.apps.devices import selectors
from mingcha.core.clock import from_us
from mingcha.gateway.stats import boards
from mingcha.portals.shared import stores
from mingcha.portals.shared.access import viewer

MOMENT = forms.DateTimeInput({"type": "datetime-local", "step": 60}, format="%Y-%m-%dT%H:%M")
MOMENT_S = forms.DateTimeInput({"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S")
DRIFT_NOTABLE_S = 60.0  # shown as near; the gateway names clock_drift by its own limit

Tab = tuple[str, str, int | None, bool]


def sections(request: HttpRequest, current: str) -> list[Tab]:
    """The pages of devices side by side, those the viewer's role may open."""
    user = viewer(request)
    waiting = selectors.quarantine_list(user).count() if can(user, "quarantine.view") else None
    rows: tuple[tuple[str, str, str, int | None], ...] = (
        ("devices", gettext("数采仪"), "station.view", None),
        ("device_commands", gettext("反控命令"), "command.view", None),
        ("quarantine", gettext("隔离"), "quarantine.view", waiting),
        ("device_targets", gettext("转发"), "target.view", None),
    )
    return [
        (reverse(f"regulator:{name}"), word, count, name == current)
        for name, word, permission, count in rows
        if can(user, permission)
    ]


def seen() -> dict[str, dict[str, Any]]:
    """What the gateways counted of each station since they were started."""
    return boards(stores.data_folder())


def link_of(last: datetime | None, now: datetime) -> str:
    """online, delayed, offline or never, by the newest usable frame."""
    if last is None:
        return "never"
    silent = (now - last).total_seconds()
    return "offline" if silent > 600 else "delayed" if silent > 180 else "online"


def station_context(request: HttpRequest, logger: Any, part: str, now: datetime) -> dict[str, Any]:
    """The head of a station's page and its tabs. ``part``: frames, commands, settings, keys or access."""
    user = viewer(request)
    counted = seen().get(logger.mn, {})
    last_us = counted.get("last_seen_us")
    last = from_us(last_us) if last_us else None
    return {
        "title": logger.mn,
        "logger": logger,
        "counted": counted,
        "last_seen": last,
        "link_state": link_of(last, now),
        "drift": counted.get("drift_s"),
        "drifts": abs(counted.get("drift_s") or 0.0) > DRIFT_NOTABLE_S,
        "held": selectors.setting_in_force(user, logger, now) if can(user, "station.view") else None,
        "part": part,
        "parts": _parts(user, logger.mn, part),
    }


def _parts(user: Person, mn: str, current: str) -> list[Tab]:
    rows = (
        ("frames", "device_station", gettext("报文"), "station.view"),
        ("commands", "device_station_commands", gettext("反控命令"), "command.view"),
        ("settings", "device_settings", gettext("设置"), "station.view"),
        ("keys", "device_keys", gettext("密钥"), "key.view"),
        ("access", "device_access", gettext("访问密码"), "access.set"),
    )
    return [
        (reverse(f"regulator:{view}", args=(mn,)), word, None, part == current)
        for part, view, word, permission in rows
        if can(user, permission)
    ]


def allowed(request: HttpRequest, permission: str) -> bool:
    return can(viewer(request), permission)
