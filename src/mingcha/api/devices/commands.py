"""Commands to loggers: asked within the matrix of roles, carried out by the gateway."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Path, Query, Router, Schema

from mingcha.api.access import open_moves, still, viewer
from mingcha.api.shapes import AskedMoment, Moment, Number, Page, Paging, Seen, answers, page_of
from mingcha.apps.accounts.permissions import Person, require
from mingcha.apps.devices import selectors, services
from mingcha.core.clock import now

router = Router()


class CommandOut(Schema):
    """``asked_by``: null where the host asked by itself. Secret values stand as ``******``.
    ``reason``: the code of 9011 or 9012, or a word of ours; ``results``: how many.
    """

    id: int
    mn: str
    st: str
    outlet: str
    command: str
    title_zh: str
    title_en: str
    values: dict[str, Any]
    why: str
    asked_by: str | None
    asked_at: Moment
    expires: Moment
    state: str
    qn: str
    sent_at: Moment | None
    accepted_at: Moment | None
    running_at: Moment | None
    ended_at: Moment | None
    reason: str
    reason_zh: str
    reason_en: str
    results: int
    moves: list[str]


class CommandWhole(CommandOut):
    """``data``: what the logger answered."""

    data: list[dict[str, Any]]


class CommandFilter(Paging):
    """``state``: one state, or open, or ended. ``search``: in MN, name of the discharger, reason, title of the command."""

    state: str = ""
    command: str = ""
    outlet: str = ""
    mn: str = ""
    search: str = ""


class CommandIn(Schema):
    """``values``: named as in the catalogue of exchanges: ``begin``, ``factor`` … ``expires``: an hour where none is given."""

    mn: str
    command: str
    values: dict[str, Any] = Field(default_factory=dict)
    st: str = ""
    why: str = ""
    expires: AskedMoment | None = None


@router.get("/commands", response=answers(Page[CommandOut]))
def command_list(request: HttpRequest, asked: Query[CommandFilter]) -> dict[str, Any]:
    """Commands to the loggers of the outlets I may see, newest first."""
    user = viewer(request)
    chosen = asked.model_dump(exclude={"limit", "offset"})
    found = selectors.commands_list(user, **chosen)
    return page_of(found, asked, lambda row: CommandOut(**_command(user, row)))


@router.get("/commands/{command_id}", response=answers(CommandWhole))
def command(request: HttpRequest, command_id: Path[Number]) -> CommandWhole:
    """One command with what the logger answered."""
    user = viewer(request)
    return _whole(user, selectors.command_of(user, command_id))


@router.post("/commands", response=answers(CommandWhole, write=True))
def command_ask(request: HttpRequest, given: CommandIn) -> CommandWhole:
    """Ask a logger of an outlet I may see."""
    user = viewer(request)
    logger = selectors.station_get(user, given.mn, given.st)
    values = given.model_dump(exclude={"mn", "st"})
    return _whole(user, services.command_ask(datalogger=logger, by=user, at=now(), **values))


@router.post("/commands/{command_id}/cancel", response=answers(CommandWhole, write=True))
def command_cancel(request: HttpRequest, command_id: Path[Number], given: Seen) -> CommandWhole:
    """Take back a command that was not sent yet."""
    user = viewer(request)
    row = selectors.command_of(user, command_id)
    require(user, "command.cancel")
    still(row, given.seen)
    return _whole(user, services.command_cancel(command=row, by=user, at=now()))


SAME = (
    "command", "title_zh", "title_en", "values", "why", "asked_at", "expires", "state", "qn", "sent_at", "accepted_at",
    "running_at", "ended_at", "reason", "reason_zh", "reason_en",
)  # fmt: skip


def _command(user: Person, row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SAME} | {
        "id": row.pk,
        "mn": row.datalogger.mn,
        "st": row.datalogger.st,
        "outlet": row.datalogger.outlet.key,
        "asked_by": row.asked_by and row.asked_by.username,
        "results": len(row.results),
        "moves": open_moves(user, row, "command"),
    }


def _whole(user: Person, row: Any) -> CommandWhole:
    return CommandWhole(data=row.results, **_command(user, row))
