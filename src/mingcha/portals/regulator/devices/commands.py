"""Commands (反控): the list, one with its course and results, and asking for one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mingcha.apps.accounts.permissions import can
from mingcha.apps.devices import matrix, selectors, services
from mingcha.core.clock import now
from mingcha.core.errors import BadInput, IllegalMove, NotFound, StaleState
from mingcha.portals.regulator.access import for_frames
from mingcha.portals.regulator.devices import results
from mingcha.portals.regulator.devices.command_forms import CommandFilter, CommandForm
from mingcha.portals.regulator.devices.common import sections, station_context
from mingcha.portals.regulator.devices.words import EFFECTS
from mingcha.portals.shared import badges
from mingcha.portals.shared.access import viewer
from mingcha.portals.shared.forms import add_problems, page_of
from mingcha.protocol.hj212.exchanges.catalogue import COMMANDS

NEWEST = 20  # on the page of a station
COURSE = (("sent_at", "sent"), ("accepted_at", "accepted"), ("running_at", "running"))


@for_frames
@require_GET
def command_list(request: HttpRequest) -> HttpResponse:
    states = [(state, gettext(badges.badge("command", state).word)) for state in badges.BADGES["command"]]
    form = CommandFilter(request.GET, states=states)
    good = form.is_valid()
    wanted = form.cleaned_data
    found = selectors.commands_list(
        viewer(request), state=wanted.get("state", ""), search=wanted.get("q", "").strip()
    )
    context = {
        "title": gettext("反控命令"), "form": form, "page": page_of(request, found), "filtered": any(wanted.values()),
        "tabs": sections(request, "device_commands"),
    }  # fmt: skip
    return render(request, "regulator/devices/commands.html", context, status=200 if good else 422)


@for_frames
@require_GET
def command(request: HttpRequest, number: int) -> HttpResponse:
    """One command; while it is under way the page asks again by itself."""
    found = selectors.command_of(viewer(request), number)
    context = _context(request, found) | {"title": gettext("命令 %(n)s") % {"n": found.pk}}
    part = request.headers.get("HX-Request") == "true"
    template = "command_body.html" if part else "command.html"
    return render(request, f"regulator/devices/{template}", context)


def _context(request: HttpRequest, found: Any) -> dict[str, Any]:
    course = [("queued", found.asked_at)] + [
        (word, at) for name, word in COURSE if (at := getattr(found, name))
    ]
    if not found.under_way and found.ended_at:
        course.append((found.state, found.ended_at))
    return {
        "command": found, "course": course, "asked": results.asked(found.command, found.values),
        "tables": results.tables(found.command, found.results), "cn": _cn(found.command),
        "may_cancel": found.state == "queued" and can(viewer(request), "command.cancel"),
    }  # fmt: skip


def _cn(name: str) -> str:
    known = COMMANDS.get(name)
    return "" if known is None else known.cn


@for_frames
@require_POST
def cancel(request: HttpRequest, number: int) -> HttpResponse:
    """Take a command back; one that was sent meanwhile is shown as it is now."""
    user = viewer(request)
    found = selectors.command_of(user, number)
    try:
        services.command_cancel(command=found, by=user, at=now())
    except (IllegalMove, StaleState):
        messages.error(request, gettext("命令已经发送，不能取消。页面显示的是现在的状态。"))
    else:
        messages.success(request, gettext("命令已取消，没有发送。"))
    return redirect("regulator:device_command", found.pk)


@for_frames
@require_GET
def station_commands(request: HttpRequest, mn: str) -> HttpResponse:
    """What the person may ask of this station, and what was asked."""
    user, at = viewer(request), now()
    logger = selectors.station_get(user, mn)
    context = station_context(request, logger, "commands", at)
    context |= {
        "groups": _groups(user, logger),
        "rows": selectors.commands_list(user, mn=mn)[:NEWEST],
        "newest": NEWEST,
    }
    return render(request, "regulator/devices/station_commands.html", context)


def _groups(user: Any, logger: Any) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """(title, commands as name, CN, word) of each group of the matrix that is open to the person."""
    open_to = set(selectors.commands_open_to(user, logger))
    english = get_language() == "en"
    found = []
    for group in matrix.matrix().groups:
        rows = [
            (name, COMMANDS[name].cn, results.title_of(name))
            for name in group.commands
            if name in open_to and name != "set_password"
        ]
        if rows:
            found.append((group.title_en if english else group.title_zh, rows))
    return found


@for_frames
@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, mn: str, name: str) -> HttpResponse:
    """Ask one command: the form, then, where instruments are touched, a page that says what will happen."""
    user, at = viewer(request), now()
    logger = selectors.station_get(user, mn)
    if name == "set_password":
        return redirect("regulator:device_access", mn)
    if name not in COMMANDS:
        raise NotFound(f"no command {name!r}")
    known = COMMANDS[name]
    open_now = name in selectors.commands_open_to(user, logger)
    sent = request.POST if request.method == "POST" else None
    form = CommandForm(sent, command=known, edition=logger.edition)
    context = station_context(request, logger, "commands", at) | {
        "form": form, "name": name, "cn": known.cn, "title": results.title_of(name), "effect": EFFECTS.get(name, ""),
        "open": open_now, "known": logger.edition in known.editions,
    }  # fmt: skip
    if sent is None:
        return render(request, "regulator/devices/ask.html", context)
    if form.is_valid():
        if name in EFFECTS and sent.get("confirmed") != "1" and open_now:
            shown = results.asked(name, form.values())
            return render(request, "regulator/devices/confirm.html", context | {"shown": shown})
        try:
            made = services.command_ask(
                command=name,
                values=form.values(),
                by=user,
                at=at,
                datalogger=logger,
                why=form.cleaned_data["why"],
            )
        except BadInput as error:
            add_problems(form, error)
        else:
            messages.success(request, gettext("命令 %(n)s 已提交，等待网关发送。") % {"n": made.pk})
            return redirect("regulator:device_command", made.pk)
    return render(request, "regulator/devices/ask.html", context, status=422)
