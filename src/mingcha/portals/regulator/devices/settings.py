"""How a station is read: dated settings, their history, and profiles that travel."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mingcha.apps.devices import selectors, services
from mingcha.core.clock import now
from mingcha.core.errors import BadInput, NotFound
from mingcha.portals.regulator.access import for_frames
from mingcha.portals.regulator.devices import words
from mingcha.portals.regulator.devices.common import allowed, station_context
from mingcha.portals.regulator.devices.setting_forms import CopyForm, ImportForm, SettingForm
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import add_problems
from mingcha.protocol.hj212.dialect import PLAIN_DIALECT, SETTINGS


@for_frames
@require_GET
def settings(request: HttpRequest, mn: str) -> HttpResponse:
    return _page(request, mn)


def _page(
    request: HttpRequest, mn: str, *, importing: Any = None, copying: Any = None, status: int = 200
) -> HttpResponse:
    at = now()
    logger = selectors.station_get(viewer(request), mn)
    context = station_context(request, logger, "settings", at)
    rows = [
        (row, _differs(row.dialect), row.valid_from > at)
        for row in selectors.settings_of(viewer(request), logger)
    ]
    held = context["held"]
    context |= {
        "rows": rows, "may_set": allowed(request, "station.set"), "in_force": _all(held), "importing": importing or ImportForm(auto_id="import-%s"),
        "copying": copying or CopyForm(auto_id="copy-%s"),
    }  # fmt: skip
    return render(request, "regulator/devices/settings.html", context, status=status)


def _differs(dialect: dict[str, Any]) -> list[tuple[str, str]]:
    """What a row sets otherwise than the plain dialect, in words."""
    usual = PLAIN_DIALECT.to_json()
    return [
        (words.setting_word(name), words.setting_value(name, value))
        for name, value in dialect.items()
        if name in usual and value != usual[name]
    ]


def _all(held: Any) -> list[tuple[Any, str, str, bool, Any]]:
    """(part or "", word, value, whether it differs from the default, setting) of everything in force."""
    usual = PLAIN_DIALECT.to_json()
    dialect = usual | (dict(held.dialect) if held is not None else {})
    return [
        (title if place == 0 else "", words.setting_word(name), words.setting_value(name, dialect[name]),
         dialect[name] != usual[name], SETTINGS[name])
        for title, names in words.PARTS
        for place, name in enumerate(names)
    ]  # fmt: skip


@for_frames
@require_http_methods(["GET", "POST"])
def setting_new(request: HttpRequest, mn: str) -> HttpResponse:
    """A new dated row beginning with what is in force; old rows are never edited."""
    user, at = viewer(request), now()
    logger = selectors.station_get(user, mn)
    context = station_context(request, logger, "settings", at)
    sent = request.POST if request.method == "POST" else None
    form = SettingForm(sent, held=context["held"])
    context |= {"form": form, "title": gettext("新的设置"), "may_set": allowed(request, "station.set")}
    if sent is None:
        return render(request, "regulator/devices/setting_new.html", context)
    if form.is_valid():
        values = form.cleaned_data
        try:
            services.setting_set(
                datalogger=logger, dialect=form.dialect(), edition=values["edition"], contact=form.contact(),
                valid_from=values["valid_from"], why=values["why"], by=user, at=at,
            )  # fmt: skip
        except BadInput as error:
            add_problems(form, _short(error))
        else:
            messages.success(request, gettext("%(mn)s 的新设置已保存。") % {"mn": mn})
            return redirect("regulator:device_settings", mn)
    return render(request, "regulator/devices/setting_new.html", context, status=422)


def _short(error: BadInput) -> BadInput:
    """The problems by field of the form: ``dialect.crc`` is ``crc`` here."""
    return BadInput(
        {name.rpartition(".")[2] if "." in name else name: text for name, text in error.problems.items()}
    )


@for_frames
@require_GET
def profile(request: HttpRequest, mn: str) -> HttpResponse:
    """The setting in force as a file."""
    user = viewer(request)
    found = selectors.profile_export(user, selectors.station_get(user, mn), now())
    text = json.dumps(found, ensure_ascii=False, indent=2)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="profile-{mn}.json"'
    return response


@for_frames
@require_POST
def profile_in(request: HttpRequest, mn: str) -> HttpResponse:
    """Set this station to an exported profile."""
    user = viewer(request)
    logger = selectors.station_get(user, mn)
    form = ImportForm(request.POST, request.FILES, auto_id="import-%s")
    if form.is_valid():
        values = form.cleaned_data
        try:
            services.profile_import(
                profile=values["file"], dataloggers=[logger], valid_from=values["valid_from"], why=values["why"], by=user, at=now(),
            )  # fmt: skip
        except BadInput as error:
            add_problems(
                form, BadInput({"file" if n == "profile" else n: t for n, t in error.problems.items()})
            )
        else:
            messages.success(request, gettext("%(mn)s 已按导入的配置设置。") % {"mn": mn})
            return redirect("regulator:device_settings", mn)
    return _page(request, mn, importing=form, status=422)


@for_frames
@require_POST
def profile_copy(request: HttpRequest, mn: str) -> HttpResponse:
    """Set other stations as this one is set; all of them or none."""
    user = viewer(request)
    source = selectors.station_get(user, mn)
    form = CopyForm(request.POST, auto_id="copy-%s")
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = services.profile_copy(
                source=source, dataloggers=_named(user, form.names()), valid_from=values["valid_from"], why=values["why"],
                by=user, at=now(),
            )  # fmt: skip
        except BadInput as error:
            add_problems(form, error)
        else:
            said = ngettext("设置已复制到 %(n)d 台数采仪。", "设置已复制到 %(n)d 台数采仪。", len(made))
            messages.success(request, said % {"n": len(made)})
            return redirect("regulator:device_settings", mn)
    return _page(request, mn, copying=form, status=422)


def _named(user: Any, names: list[str]) -> list[Any]:
    """The stations the person sees by these MNs.

    Raises:
        BadInput: some are not there.
    """
    found, absent = [], []
    for name in names:
        try:
            found.append(selectors.station_get(user, name))
        except NotFound:
            absent.append(name)
    if absent:
        raise BadInput(
            {"stations": gettext("没有这些数采仪，或您无权查看：%(mns)s") % {"mns": ", ".join(absent[:10])}}
        )
    return found
