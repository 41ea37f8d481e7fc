"""Commands: what the gateway is to send, and what people may see and ask."""

from datetime import datetime
from typing import Any, TypedDict

from django.db.models import Exists, OuterRef, Q, QuerySet

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import Viewer, require
from mingcha.apps.devices import sealing
from mingcha.apps.devices.matrix import matrix, may_ask
from mingcha.apps.devices.models import ACCEPTED, QUEUED, RUNNING, SENT, Command
from mingcha.apps.devices.selectors.stations import stations_visible_to
from mingcha.apps.registry.models import Datalogger
from mingcha.core import clock
from mingcha.core.errors import NotFound
from mingcha.protocol.hj212.exchanges.catalogue import COMMANDS

HISTORY = ("get_minutes", "get_hours", "get_days")


class OrderValues(TypedDict):
    """The arguments of ``gateway.host.Order``; secrets opened. ``hardware``: of a logger that has no MN yet."""

    id: str
    mn: str
    st: str
    command: str
    values: dict[str, Any]
    expires: datetime
    hardware: str


def orders_waiting(at: datetime | None = None) -> list[OrderValues]:
    """At most one command a station, the first asked, where none is under way there. For the gateway: no viewer.

    Raises:
        BrokenEvidence: a secret does not open with the key of this data folder.
    """
    moment = at or clock.now()
    under_way = Command.objects.filter(
        datalogger__mn=OuterRef("datalogger__mn"), state__in=(SENT, ACCEPTED, RUNNING)
    )
    waiting = Command.objects.filter(state=QUEUED, expires__gt=moment, datalogger__removed_at=None)
    rows = (
        waiting.filter(~Exists(under_way)).select_related("datalogger", "adoption").order_by("asked_at", "id")
    )
    first: dict[str, Command] = {}
    for row in rows:
        first.setdefault(row.datalogger.mn, row)
    return [_order(row) for row in first.values()]


def _order(row: Command) -> OrderValues:
    return {
        "id": str(row.pk),
        "mn": row.datalogger.mn,
        "st": row.datalogger.st,
        "command": row.command,
        "values": row.values | sealing.opened_json(row.sealed_values),
        "expires": row.expires,
        "hardware": "" if row.adoption is None else row.adoption.hardware_id,
    }


def system_asks(*, since: datetime) -> list[dict[str, Any]]:
    """History the host asked by itself since then, newest last: for backing off. No viewer."""
    rows = Command.objects.filter(asked_by=None, command__in=HISTORY, asked_at__gte=since)
    return [
        {
            "mn": row.datalogger.mn, "st": row.datalogger.st, "command": row.command, "values": row.values,
            "asked_at": row.asked_at, "state": row.state, "reason": row.reason, "sent_at": row.sent_at,
            "ended_at": row.ended_at,
        }
        for row in rows.select_related("datalogger").order_by("asked_at", "id")
    ]  # fmt: skip


def commands_list(
    user: Viewer,
    *,
    state: str = "",
    command: str = "",
    outlet: str = "",
    mn: str = "",
    search: str = "",
) -> QuerySet[Command]:
    """Commands to the loggers of the outlets the viewer sees, newest first.

    ``state``: one of ``Command.STATES``, or ``open``, or ``ended``. ``outlet``: a key such as ``USCC/DA001``.

    Raises:
        NotAllowed: the role may not.
    """
    require(user, "command.view")
    found = Command.objects.filter(datalogger__in=stations_visible_to(user)).defer("sealed_values")
    found = found.select_related("datalogger__outlet__discharger", "asked_by")
    if state:
        several = {"open": Command.OPEN, "ended": Command.FINAL}.get(state, (state,))
        found = found.filter(state__in=several)
    if command:
        found = found.filter(command=command)
    if mn:
        found = found.filter(datalogger__mn=mn)
    if outlet:
        uscc, _, code = outlet.partition("/")
        found = found.filter(datalogger__outlet__discharger__uscc=uscc, datalogger__outlet__code=code)
    if search:
        found = found.filter(_matching(search))
    return found


def _matching(search: str) -> Q:
    titled = [
        c.name for c in COMMANDS.values() if search in c.title_zh or search.lower() in c.title_en.lower()
    ]
    return (
        Q(datalogger__mn__icontains=search)
        | Q(datalogger__outlet__discharger__name__icontains=search)
        | Q(why__icontains=search)
        | Q(command__in=titled)
    )


def command_of(user: Viewer, command_id: int) -> Command:
    """One command.

    Raises:
        NotFound: there is none, or ``user`` may not know of it. NotAllowed: the role may not.
    """
    found = commands_list(user).filter(pk=command_id).first()
    if found is None:
        raise NotFound(f"no command {command_id}")
    return found


def commands_open_to(user: Viewer, datalogger: Datalogger) -> list[str]:
    """The commands that ``user`` may ask of a station it sees and that its edition knows, in the order of the matrix."""
    if not isinstance(user, User):
        return []
    named = [name for group in matrix().groups if not group.by_service for name in group.commands]
    return [
        name
        for name in named
        if datalogger.edition in COMMANDS[name].editions and may_ask(user, name, datalogger.outlet)
    ]
