"""Commands to loggers (反控): asked by people within the matrix, or by the host itself."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.accounts.roles import Role
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices import sealing
from mingcha.apps.devices.matrix import matrix, may_ask
from mingcha.apps.devices.models import CANCELLED, QUEUED, Command, Quarantine, StationKey
from mingcha.apps.devices.values import HIDDEN, setting
from mingcha.apps.registry.models import Datalogger
from mingcha.apps.registry.selectors import outlets_visible_to
from mingcha.core.clock import beijing
from mingcha.core.errors import BadInput, NotAllowed, NotFound, StaleState
from mingcha.core.moves import step
from mingcha.protocol.hj212.exchanges.catalogue import command_of
from mingcha.protocol.hj212.exchanges.values import written


@transaction.atomic
def command_ask(
    *,
    command: str,
    values: Mapping[str, Any],
    by: User | None,
    at: datetime,
    datalogger: Datalogger | None = None,
    mn: str = "",
    st: str = "",
    why: str = "",
    expires: datetime | None = None,
) -> Command:
    """Ask a logger, named as an object or by MN (and ST), to carry out ``command``; the gateway sends it.

    ``by`` None is the host itself. Values are named as in the catalogue of exchanges; secrets are kept sealed.

    Raises:
        NotFound: no logger in place has the MN. NotAllowed: the matrix says no.
        BadInput: by field: unknown command, wrong values, too many commands waiting.
    """
    logger = datalogger or logger_of(mn, st)
    _may(by, command, logger)
    return command_queue(
        datalogger=logger, command=command, values=values, why=why, by=by, at=at, expires=expires
    )


@transaction.atomic
def command_cancel(*, command: Command, by: User | None, at: datetime) -> Command:
    """Take back a command that was not sent yet.

    Raises:
        NotAllowed: whoever may not ask it may not take it back. IllegalMove, StaleState: it was sent.
    """
    require(by, "command.cancel")
    if by is not None and command.asked_by_id != by.pk:
        _may(by, command.command, command.datalogger)
    after = step(Command.NEXT, command.state, "cancel")
    moved = Command.objects.filter(pk=command.pk, state=command.state).update(
        state=after, ended_at=at, reason="cancelled", sealed_values=None
    )
    if not moved:
        raise StaleState(f"command {command.pk} is no longer {command.state}; load it again")
    detail = {"mn": command.datalogger.mn, "command": command.command, "after": CANCELLED}
    audit_record(by=by, action="command.cancelled", subject=command, at=at, detail=detail)
    command.refresh_from_db()
    return command


def command_queue(
    *,
    datalogger: Datalogger,
    command: str,
    values: Mapping[str, Any],
    why: str,
    by: User | None,
    at: datetime,
    expires: datetime | None = None,
    edition: str = "",
    key: StationKey | None = None,
    adoption: Quarantine | None = None,
) -> Command:
    """Check and keep a command, without asking the matrix: for the services of this app."""
    spoken = edition or datalogger.edition
    secret = _checked(command, spoken, values, datalogger)
    until = _expiry(expires, at)
    _not_too_many(datalogger, by, at)
    plain = {name: _json(value) for name, value in values.items()}
    made = Command.objects.create(
        datalogger=datalogger, command=command,
        values={name: HIDDEN if name in secret else value for name, value in plain.items()},
        sealed_values=sealing.close_json({name: plain[name] for name in secret}),
        why=why.strip()[:500], asked_by=by, asked_at=at, expires=until, key=key, adoption=adoption,
    )  # fmt: skip
    detail = {
        "mn": datalogger.mn,
        "command": command,
        "values": made.values,
        "why": made.why,
        "expires": until,
    }
    audit_record(by=by, action="command.asked", subject=made, at=at, detail=detail)
    return made


def logger_of(mn: str, st: str = "") -> Datalogger:
    """The logger in place with this MN, of its STs the first where none is named.

    Raises:
        NotFound: there is none.
    """
    found = Datalogger.objects.filter(mn=mn, removed_at=None).select_related("outlet__discharger")
    logger = (found.filter(st=st) if st else found).order_by("st").first()
    if logger is None:
        raise NotFound(f"no logger in place has the MN {mn}{f' and ST {st}' if st else ''}")
    return logger


def _may(by: User | None, command: str, logger: Datalogger) -> None:
    """Let pass what the matrix allows.

    Raises:
        BadInput: there is no such command of the host, or only services give it. NotAllowed: with who may.
    """
    if by is None:
        return
    require(by, "command.ask")
    group = matrix().group_of(command)
    if group is None or command_of(command).role != "host":
        raise BadInput({"command": f"{command!r} 不是上位机命令 (no command of the host)"})
    if group.by_service:
        text = f"{command} 只由登记和密钥批准下发 (only given by adoption or by approval of a key)"
        raise BadInput({"command": text})
    if not may_ask(by, command, logger.outlet) or not _reaches(by, logger):
        needs = "、".join(role.label for role in matrix().roles_of(command))
        raise NotAllowed(f"{command} of {logger.outlet.key} needs one of: {needs}", needs=needs)


def _reaches(by: User, logger: Datalogger) -> bool:
    """Whether the person sees the logger at all; who runs the system sees every one."""
    if by.role == Role.SYSTEM_ADMIN:
        return True
    return outlets_visible_to(by).filter(pk=logger.outlet_id).exists()


def _checked(command: str, edition: str, values: Mapping[str, Any], logger: Datalogger) -> set[str]:
    """The names of the secret values, where the command can be written for this logger.

    Raises:
        BadInput: by field.
    """
    found = command_of(command, edition)
    if found.role != "host":
        raise BadInput(
            {"command": f"{command!r} 由数采仪发出，不是上位机命令 (sent by loggers, not by the host)"}
        )
    if logger.removed_at is not None:
        raise BadInput({"mn": f"数采仪 {logger.mn} 已拆除 (this logger was removed)"})
    given = dict(values)
    if command == "set_time":
        given.setdefault("time", "20260101000000")  # the gateway fills in the moment at which it sends
    written(found, edition, given)
    return {parameter.name for parameter in found.parameters if parameter.secret} & set(values)


def latest(at: datetime) -> datetime:
    """How long a command can wait at most: for what must reach the logger whenever it comes."""
    return at + timedelta(days=setting("command_longest_days", at))


def _expiry(expires: datetime | None, at: datetime) -> datetime:
    until = expires or at + timedelta(minutes=setting("command_expires_min", at))
    if at < until <= latest(at):
        return until
    longest = setting("command_longest_days", at)
    text = f"有效期应在现在之后、{longest} 天以内，现为 {until.isoformat()} (after now and within {longest} days)"
    raise BadInput({"expires": text})


def _not_too_many(logger: Datalogger, by: User | None, at: datetime) -> None:
    most = setting("commands_open_most", at)
    waiting = Command.objects.filter(datalogger=logger, state=QUEUED).count()
    if by is not None and waiting >= most:
        text = f"{logger.mn} 已有 {waiting} 条待发送命令，上限 {most}；请等待或取消 (too many commands wait; cancel some)"
        raise BadInput({"": text})


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return beijing(value).isoformat()
    if isinstance(value, list | tuple):
        return [_json(one) for one in value]
    return value
