"""What the gateway tells of commands, and what follows: a password, a key or a state takes effect."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices import sealing
from mingcha.apps.devices.models import (
    ACCEPTED,
    DONE,
    FAILED,
    QUEUED,
    REFUSED,
    RUNNING,
    SENT,
    TIMED_OUT,
    Command,
)
from mingcha.apps.devices.services.access import password_taken
from mingcha.apps.devices.services.commands import logger_of
from mingcha.apps.devices.services.keys import key_taken
from mingcha.apps.devices.values import setting
from mingcha.core.errors import BadInput, IllegalMove
from mingcha.core.moves import step

MOVES = {
    SENT: "send",
    ACCEPTED: "accept",
    RUNNING: "run",
    DONE: "finish",
    FAILED: "fail",
    REFUSED: "refuse",
    TIMED_OUT: "time_out",
}
TIMES = {SENT: "sent_at", ACCEPTED: "accepted_at", RUNNING: "running_at"}


@transaction.atomic
def command_take(*, orders: Iterable[tuple[str, str]], gateway: str, at: datetime) -> set[str]:
    """Mark queued commands as sent, before their frames leave: (id, QN) each. The ids that were still queued."""
    taken = set()
    for command_id, qn in orders:
        if command_report(command_id=command_id, state=SENT, at=at, qn=qn, gateway=gateway) is not None:
            taken.add(str(command_id))
    return taken


@transaction.atomic
def command_report(
    *,
    command_id: str | int,
    state: str,
    at: datetime,
    qn: str = "",
    reason: str = "",
    results: Iterable[Mapping[str, Any]] = (),
    gateway: str = "",
) -> Command | None:
    """News of a command. May come again, late, or skip a step: what is old news changes nothing and gives None.

    At ``done`` a new password or key is in force, in the same transaction.

    Raises:
        BadInput: ``state`` is no state of a command that was sent.
    """
    if state not in MOVES:
        raise BadInput({"state": f"{state!r}: expected one of {', '.join(MOVES)}"})
    command = Command.objects.select_for_update().select_related("datalogger").filter(pk=command_id).first()
    if command is None:
        return None
    try:
        after = step(Command.NEXT, command.state, MOVES[state])
    except IllegalMove:
        return None
    _write(
        command, after, at, {"qn": qn, "reason": reason, "gateway": gateway}, [dict(one) for one in results]
    )
    return command


def _write(command: Command, after: str, at: datetime, words: dict[str, str], results: list[Any]) -> None:
    before = command.state
    command.state = after
    for name, word in words.items():
        if word:
            setattr(command, name, word[:64])
    command.results = [*command.results, *results]
    if after in Command.FINAL:
        if after == DONE:
            _consequences(command, at)
        command.ended_at = at
        command.sealed_values = None
    else:
        setattr(command, TIMES[after], at)
    command.save()
    if after == SENT or after in Command.FINAL:
        detail = {
            "mn": command.datalogger.mn, "command": command.command, "before": before, "after": after,
            "qn": command.qn, "reason": command.reason, "results": len(command.results),
        }  # fmt: skip
        action = "command.sent" if after == SENT else "command.ended"
        audit_record(by=None, action=action, subject=command, at=at, detail=detail)


def _consequences(command: Command, at: datetime) -> None:
    """What the logger has taken is in force from now on."""
    if command.command == "set_password":
        secret = sealing.opened_json(command.sealed_values)
        password_taken(datalogger=command.datalogger, password=secret["new_password"], at=at)
    elif command.key_id is not None and command.key is not None:
        key_taken(key=command.key, at=at)


@transaction.atomic
def commands_expire(*, at: datetime) -> int:
    """End what was never sent in time, and what was sent and is not heard of; how many."""
    silent = at - timedelta(minutes=setting("command_silent_min", at))
    ended = _time_out(Command.objects.filter(state=QUEUED, expires__lte=at), "expired", at)
    unheard = Command.objects.filter(state__in=(SENT, ACCEPTED, RUNNING))
    silent_ids = [
        one.pk
        for one in unheard
        if (one.running_at or one.accepted_at or one.sent_at or one.asked_at) <= silent
    ]
    return ended + _time_out(Command.objects.filter(pk__in=silent_ids), "no_report", at)


@transaction.atomic
def commands_abandoned(*, gateway: str, at: datetime) -> int:
    """A gateway begins again: what it had under way before is lost; how many."""
    under_way = Command.objects.filter(state__in=(SENT, ACCEPTED, RUNNING), gateway=gateway)
    return _time_out(under_way, "gateway_restarted", at)


def _time_out(commands: Iterable[Command], reason: str, at: datetime) -> int:
    found = [command.pk for command in commands]
    return sum(
        command_report(command_id=one, state=TIMED_OUT, at=at, reason=reason) is not None for one in found
    )


@transaction.atomic
def command_note(
    *,
    mn: str,
    command: str,
    state: str,
    at: datetime,
    qn: str = "",
    reason: str = "",
    values: Mapping[str, Any] | None = None,
) -> Command:
    """Keep what the host did by itself and has finished, such as setting a clock that drifted.

    Raises:
        NotFound: no logger in place has the MN. BadInput: ``state`` is no end.
    """
    if state not in Command.FINAL:
        raise BadInput({"state": f"{state!r} is no end; expected one of {', '.join(Command.FINAL)}"})
    logger = logger_of(mn)
    made = Command.objects.create(
        datalogger=logger, command=command, values=dict(values or {}), why="上位机自动 (by the host itself)",
        asked_at=at, expires=at, state=state, qn=qn, sent_at=at, ended_at=at, reason=reason[:64],
    )  # fmt: skip
    detail = {"mn": mn, "command": command, "after": state, "qn": qn, "reason": reason}
    audit_record(by=None, action="command.ended", subject=made, at=at, detail=detail)
    return made
