"""SM4 keys of 2025 loggers: two persons for each, changed every 90 days, the old ones kept sealed for rebuilds.

A key is *usable* for decoding from its approval, or from the moment an imported one is said to hold; it is *in
force* when the logger has taken it, and *replaced* when the next one is. Nobody reads a key back.
"""

from datetime import datetime

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices import sealing
from mingcha.apps.devices.models import APPROVED, IN_FORCE, PROPOSED, REJECTED, Command, StationKey
from mingcha.apps.devices.services.commands import command_queue, latest, logger_of
from mingcha.apps.devices.services.rewalks import rewalk_ask
from mingcha.apps.devices.values import key_problem, new_key, why_problem
from mingcha.apps.registry.models import Datalogger
from mingcha.apps.registry.values import checked
from mingcha.core.clock import beijing_day, day_start
from mingcha.core.errors import NotAllowed, StaleState
from mingcha.core.moves import step

ENCRYPTING = "2025"


@transaction.atomic
def key_propose(
    *,
    datalogger: Datalogger,
    by: User,
    at: datetime,
    key: str = "",
    valid_from: datetime | None = None,
    why: str = "",
) -> StationKey:
    """Propose a key: a new one made here, to be sent when approved; or ``key``, which the logger has already.

    ``valid_from``: since when the logger uses an imported key (default ``at``).

    Raises:
        BadInput: by field; also where the logger is not of 2025, or a proposal is under way.
    """
    require(by, "key.propose")
    since = valid_from or at
    checked(
        {
            "key": key_problem(key) if key else "",
            "valid_from": _since_problem(key, since, at),
            "mn": _logger_problem(datalogger),
        }
    )
    made = StationKey.objects.create(
        datalogger=datalogger, sealed_key=sealing.close(key or new_key()), imported=bool(key),
        proposed_by=by, proposed_at=at, in_force_from=since if key else None, why=why.strip()[:500],
    )  # fmt: skip
    detail = {"mn": datalogger.mn, "imported": bool(key), "valid_from": since if key else None}
    audit_record(by=by, action="key.proposed", subject=made, at=at, detail=detail)
    return made


def _since_problem(key: str, since: datetime, at: datetime) -> str:
    if not key:
        return (
            ""
            if since == at
            else "只有导入的密钥可以指定起始时间 (only an imported key has a beginning of its own)"
        )
    return (
        ""
        if since <= at
        else f"导入的密钥不能从将来开始，现为 {since.isoformat()} (an imported key holds already)"
    )


def _logger_problem(logger: Datalogger) -> str:
    if logger.removed_at is not None:
        return f"数采仪 {logger.mn} 已拆除 (this logger was removed)"
    if logger.edition != ENCRYPTING:
        return f"{logger.mn} 为 {logger.edition} 版，加密只用于 2025 版 (only loggers of 2025 encrypt)"
    under_way = logger.keys.filter(state__in=(PROPOSED, APPROVED)).first()
    if under_way is not None:
        return f"已有{StationKey.STATES[under_way.state]}的密钥 {under_way.pk}，请先处理 (one is under way; decide it first)"
    return ""


@transaction.atomic
def key_approve(*, key: StationKey, by: User, at: datetime) -> StationKey:
    """Approve a proposed key. A made one is sent to the logger (1014); an imported one holds at once.

    Raises:
        NotAllowed: who proposed it cannot approve it. IllegalMove, StaleState.
    """
    require(by, "key.approve")
    if by.pk == key.proposed_by_id:
        raise NotAllowed(
            "提出密钥的人不能批准它，应由另一人批准 (who proposed a key cannot approve it)", needs="另一人"
        )
    logger = key.datalogger
    usable = key.in_force_from if key.imported and key.in_force_from else at
    _move(key, "approve", approved_by=by, approved_at=at, usable_from=usable)
    audit_record(
        by=by, action="key.approved", subject=key, at=at, detail={"mn": logger.mn, "imported": key.imported}
    )
    if key.imported:
        key_taken(key=key, at=usable)
        if usable < at:
            rewalk_ask(mn=logger.mn, start=usable, end=None, why="key.approved", by=by, at=at)
    else:
        _send(key, by=by, at=at)
    key.refresh_from_db()
    return key


@transaction.atomic
def key_send(*, key: StationKey, by: User | None, at: datetime) -> Command:
    """Send a key again that is approved and was not taken, or one in force that the logger lost.

    Raises:
        BadInput: it is neither, or it is on its way.
    """
    require(by, "key.send")
    under_way = key.commands.filter(state__in=Command.OPEN).exists()
    words = StationKey.STATES[key.state]
    checked(
        {
            "key": "密钥已在下发 (it is on its way)" if under_way else "",
            "state": ""
            if key.state in (APPROVED, IN_FORCE)
            else f"{words}的密钥不下发 (only an approved key is sent)",
        }
    )
    return _send(key, by=by, at=at)


@transaction.atomic
def key_reject(*, key: StationKey, why: str, by: User, at: datetime) -> StationKey:
    """Take a key back that is not in force: a proposal, or one the logger did not take.

    Raises:
        BadInput, IllegalMove, StaleState. StaleState also while it is being sent.
    """
    require(by, "key.reject")
    checked({"why": why_problem(why)})
    if key.commands.filter(state__in=("sent", "accepted", "running")).exists():
        raise StaleState(f"key {key.pk} is being sent to the logger; wait for the answer")
    for command in key.commands.filter(state="queued"):
        Command.objects.filter(pk=command.pk, state="queued").update(
            state=step(Command.NEXT, "queued", "cancel"), ended_at=at, reason="cancelled", sealed_values=None
        )
    _move(key, "reject", ended_at=at, why=why.strip())
    detail = {"mn": key.datalogger.mn, "why": key.why, "after": REJECTED}
    audit_record(by=by, action="key.rejected", subject=key, at=at, detail=detail)
    return key


@transaction.atomic
def key_asked(*, mn: str, at: datetime, created: str = "") -> Command | None:
    """The logger asks for a key (1014). An approved one is sent, else the one in force is sent again.

    Where there is neither, that it asked is noted once a day.

    Raises:
        NotFound: no logger in place has the MN.
    """
    logger = logger_of(mn)
    waiting = Command.objects.filter(datalogger__mn=mn, command="set_key", state__in=Command.OPEN)
    if waiting.exists():
        return None
    found = StationKey.objects.filter(datalogger__mn=mn, state__in=(APPROVED, IN_FORCE))
    key = found.filter(state=APPROVED).first() or found.first()
    if key is not None:
        return _send(key, by=None, at=at)
    noted = AuditEvent.objects.filter(
        action="key.asked", subject_kind="datalogger", subject_id=str(logger.pk)
    )
    if not noted.filter(at__gte=day_start(beijing_day(at))).exists():
        detail = {"mn": mn, "created": created[:17]}
        audit_record(by=None, action="key.asked", subject=logger, at=at, detail=detail)
    return None


def key_taken(*, key: StationKey, at: datetime) -> None:
    """The logger has taken ``key`` at ``at``: it is in force, the former one is replaced."""
    if key.state == IN_FORCE:
        return
    for former in StationKey.objects.filter(datalogger=key.datalogger, state=IN_FORCE).exclude(pk=key.pk):
        _move(former, "replace", ended_at=at)
    _move(key, "confirm", in_force_from=at)
    audit_record(by=None, action="key.in_force", subject=key, at=at, detail={"mn": key.datalogger.mn})


def _send(key: StationKey, *, by: User | None, at: datetime) -> Command:
    values = {"key_created": at, "new_key": sealing.opened(key.sealed_key)}
    why = f"密钥 {key.pk} (key {key.pk})"
    return command_queue(
        datalogger=key.datalogger, command="set_key", values=values, why=why, by=by, at=at, edition=ENCRYPTING,
        key=key, expires=latest(at),
    )  # fmt: skip


def _move(key: StationKey, move: str, **changes: object) -> None:
    before = key.state
    after = step(StationKey.NEXT, before, move)
    if not StationKey.objects.filter(pk=key.pk, state=before).update(state=after, **changes):
        raise StaleState(f"key {key.pk} is no longer {before}; load it again")
    key.refresh_from_db()
