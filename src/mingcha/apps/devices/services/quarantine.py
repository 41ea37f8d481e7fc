"""Who sends and is not registered: seen by the gateway, decided by people."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices.models import ADOPTED, MN_MAX, REF_MAX, WAITING, Command, Contact, Quarantine
from mingcha.apps.devices.services.access import access_set
from mingcha.apps.devices.services.commands import command_queue, latest
from mingcha.apps.devices.services.keys import ENCRYPTING, key_propose
from mingcha.apps.devices.services.rewalks import rewalk_ask
from mingcha.apps.devices.values import key_problem, password_problem, setting, why_problem
from mingcha.apps.registry.models import Datalogger, Outlet
from mingcha.apps.registry.selectors import outlets_visible_to
from mingcha.apps.registry.services import datalogger_install, datalogger_remove
from mingcha.apps.registry.values import checked, mn_problem
from mingcha.core.errors import NotFound, StaleState
from mingcha.core.moves import step

HARDWARE_FIELDS = ("i23005", "i23006", "i23007", "i23008")  # of 1001, HJ 212-2025
_TEXT_MAX = 64


@transaction.atomic
def quarantine_seen(
    *, mn: str, at: datetime, ref: str, frames: int = 1, refs: Iterable[str] = (), st: str = ""
) -> Quarantine:
    """Note ``frames`` more frames of an unknown ``mn``, the last at ``ref``. Only the first time is audited.

    ``refs``: names of some of them, oldest first; the newest are kept. Frames of an MN that was adopted meanwhile
    are counted on its row.
    """
    name = mn[:MN_MAX]
    known = Quarantine.objects.filter(kind=Quarantine.Kind.MN, mn=name)
    if Datalogger.objects.filter(mn=name, removed_at=None).exists():
        found, new = known.order_by("-id").first(), False
        if found is None:
            found, new = _opened(known, {"kind": Quarantine.Kind.MN, "mn": name}, at)
    else:
        found, new = _opened(known, {"kind": Quarantine.Kind.MN, "mn": name}, at)
    _count(found, at, frames, [*refs] or [str(ref)], st)
    if new:
        audit_record(by=None, action="quarantine.opened", subject=found, at=at, detail={"mn": name})
    return found


@transaction.atomic
def registration_seen(
    *, hardware: str, detail: Mapping[str, Any], at: datetime, conn: str = "", ref: str = "", st: str = ""
) -> Quarantine:
    """A 2025 logger without MN registers by its hardware (1001). Only the first time is audited.

    ``hardware``: its i23005; ``detail``: the fields i23005 to i23008 as sent.
    """
    name = hardware[:MN_MAX]
    known = Quarantine.objects.filter(kind=Quarantine.Kind.HARDWARE, hardware_id=name)
    adopted = known.filter(state=ADOPTED, datalogger__removed_at=None).order_by("-id").first()
    fields = {key: str(detail[key])[:_TEXT_MAX] for key in HARDWARE_FIELDS if key in detail}
    if adopted is not None:
        found, new = adopted, False
        if adopted.datalogger is not None:  # 1002 never reached it, or it was reset
            _give_mn(adopted, adopted.datalogger, f"再次登记 {name} (registers again)", None, at)
    else:
        wanted = {"kind": Quarantine.Kind.HARDWARE, "mn": "", "hardware_id": name}
        found, new = _opened(known, wanted, at)
    Quarantine.objects.filter(pk=found.pk).update(hardware=found.hardware | fields | {"i23005": name})
    _count(found, at, 1, [ref] if ref else [], st)
    if new:
        opened = {"hardware": name, "conn": conn[:_TEXT_MAX]}
        audit_record(by=None, action="quarantine.opened", subject=found, at=at, detail=opened)
    return found


@transaction.atomic
def registration_framed(*, hardware: str, at: datetime, ref: str) -> Quarantine:
    """Name the frame of a registration, so that it can be looked into; ``registration_seen`` counts it."""
    name = hardware[:MN_MAX]
    known = Quarantine.objects.filter(kind=Quarantine.Kind.HARDWARE, hardware_id=name)
    found = known.order_by("-id").first()
    if found is None:  # the gateway's word comes in a moment
        found, _ = _opened(known, {"kind": Quarantine.Kind.HARDWARE, "mn": "", "hardware_id": name}, at)
        opened = {"hardware": name}
        audit_record(by=None, action="quarantine.opened", subject=found, at=at, detail=opened)
    _count(found, at, 0, [ref], "")
    return found


def _opened(known: Any, wanted: dict[str, Any], at: datetime) -> tuple[Quarantine, bool]:
    """The row that is not closed by adoption, and whether it was made just now."""
    found = known.exclude(state=ADOPTED).first()
    if found is not None:
        return found, False
    return Quarantine.objects.create(**wanted, first_seen=at, last_seen=at, frames=0, last_ref=""), True


def _count(found: Quarantine, at: datetime, frames: int, refs: list[str], st: str) -> None:
    found.refresh_from_db()
    kept = [ref[:REF_MAX] for ref in reversed(refs)] + found.refs
    newest = list(dict.fromkeys(kept))[: setting("quarantine_refs", at)]
    Quarantine.objects.filter(pk=found.pk).update(
        frames=F("frames") + frames,
        last_seen=at,
        first_ref=found.first_ref or (refs[0][:REF_MAX] if refs else ""),
        last_ref=refs[-1][:REF_MAX] if refs else found.last_ref,
        refs=newest,
        st=st[:8] or found.st,
    )
    found.refresh_from_db()


@transaction.atomic
def quarantine_adopt(
    *,
    quarantine: Quarantine,
    outlet: Outlet,
    st: str,
    edition: str,
    by: User | None,
    at: datetime,
    counts_from: datetime | None = None,
    mn: str = "",
    password: str | None = None,
    key: str = "",
    model: str = "",
    replaces: bool = False,
) -> Datalogger:
    """Let who waits report for ``outlet``: its frames count from ``counts_from`` on (default: the first seen).

    A logger that is in place there with this MN and ST is linked; else it is installed, in place of the outlet's
    present one where ``replaces``. Hardware of 2025 is given ``mn`` (1002) and a first key is proposed, which another
    person approves; ``key`` is one that it has already.

    Raises:
        NotFound: the outlet is beyond the person's reach. BadInput: by field. IllegalMove, StaleState.
    """
    require(by, "quarantine.adopt")
    if by is not None and not outlets_visible_to(by).filter(pk=outlet.pk).exists():
        raise NotFound(f"no outlet {outlet.key}")
    is_hardware = quarantine.kind == Quarantine.Kind.HARDWARE
    name = mn if is_hardware else quarantine.mn
    start = counts_from or (at if is_hardware else min(quarantine.first_seen, at))
    step(Quarantine.NEXT, quarantine.state, "adopt")
    checked(_adopt_problems(quarantine, name, mn, edition, start, at, password, key))
    logger = _installed(outlet, name, st, edition, model, start, replaces, by, at)
    _decide(quarantine, "adopt", by, at, reason="", datalogger=logger, mn=name)
    if password is not None:
        access_set(datalogger=logger, password=password, by=by, at=at)
    if is_hardware:
        _activate(quarantine, logger, key, by, at)
    else:
        rewalk_ask(mn=name, start=start, end=None, why="quarantine.adopted", by=by, at=at)
    Contact.objects.update_or_create(datalogger=logger, defaults={"due_since": at, "begun_at": None})
    detail = {
        "mn": name, "st": st, "edition": edition, "outlet": outlet.key, "counts_from": start,
        "hardware": quarantine.hardware_id, "frames": quarantine.frames,
    }  # fmt: skip
    audit_record(by=by, action="quarantine.adopted", subject=quarantine, at=at, detail=detail)
    return logger


def _adopt_problems(
    row: Quarantine,
    name: str,
    mn: str,
    edition: str,
    start: datetime,
    at: datetime,
    password: str | None,
    key: str,
) -> dict[str, str]:
    is_hardware = row.kind == Quarantine.Kind.HARDWARE
    stray = mn and not is_hardware and mn != row.mn
    return {
        "mn": f"该设备自报 MN {row.mn}，不能另给 (it speaks as {row.mn})" if stray else mn_problem(name, edition),
        "edition": "" if not is_hardware or edition == ENCRYPTING else "硬件注册只有 2025 版 (only 2025 registers by hardware)",
        "counts_from": "" if start <= at else f"起算时间不能在将来，现为 {start.isoformat()} (not in the future)",
        "password": password_problem(password) if password is not None else "",
        "key": key_problem(key) if key else "",
    }  # fmt: skip


def _installed(
    outlet: Outlet,
    mn: str,
    st: str,
    edition: str,
    model: str,
    start: datetime,
    replaces: bool,
    by: User | None,
    at: datetime,
) -> Datalogger:
    """The logger in place with this MN, or a new one."""
    here = outlet.dataloggers.filter(removed_at=None)
    if linked := here.filter(mn=mn, st=st).first():
        return linked
    if replaces:
        for former in here:
            datalogger_remove(datalogger=former, removed_at=start, by=by, at=at)
    return datalogger_install(
        outlet=outlet, mn=mn, st=st, edition=edition, model=model, installed_at=start, by=by, at=at
    )


def _activate(row: Quarantine, logger: Datalogger, key: str, by: User | None, at: datetime) -> None:
    why = f"入网登记 {row.hardware_id} (activation)"
    _give_mn(row, logger, why, by, at)
    if by is not None:
        key_propose(datalogger=logger, key=key, by=by, at=at, why=why)


def _give_mn(row: Quarantine, logger: Datalogger, why: str, by: User | None, at: datetime) -> None:
    """Queue 1002, unless it waits or is under way already."""
    if Command.objects.filter(adoption=row, state__in=Command.OPEN).exists():
        return
    command_queue(
        datalogger=logger, command="set_mn", values={"hardware_id": row.hardware_id}, why=why, by=by, at=at,
        adoption=row, expires=latest(at),
    )  # fmt: skip


@transaction.atomic
def quarantine_dismiss(*, quarantine: Quarantine, reason: str, by: User | None, at: datetime) -> Quarantine:
    """Say that who waits is nobody of ours; its frames stay in the journal and are counted on.

    Raises:
        BadInput: no reason. IllegalMove, StaleState.
    """
    require(by, "quarantine.dismiss")
    checked({"reason": why_problem(reason)})
    _decide(quarantine, "dismiss", by, at, reason=reason.strip())
    detail = {"mn": quarantine.mn, "hardware": quarantine.hardware_id, "reason": quarantine.reason}
    audit_record(by=by, action="quarantine.dismissed", subject=quarantine, at=at, detail=detail)
    return quarantine


@transaction.atomic
def quarantine_undo(*, quarantine: Quarantine, by: User | None, at: datetime) -> Quarantine:
    """Take a dismissal back.

    Raises:
        IllegalMove, StaleState.
    """
    require(by, "quarantine.undo")
    _decide(quarantine, "undo", by, at, reason="")
    detail = {"mn": quarantine.mn, "hardware": quarantine.hardware_id, "after": WAITING}
    audit_record(by=by, action="quarantine.reopened", subject=quarantine, at=at, detail=detail)
    return quarantine


def _decide(row: Quarantine, move: str, by: User | None, at: datetime, **changes: Any) -> None:
    before = row.state
    after = step(Quarantine.NEXT, before, move)
    moved = Quarantine.objects.filter(pk=row.pk, state=before)
    if not moved.update(state=after, decided_by=by, decided_at=at, **changes):
        raise StaleState(f"quarantine {row.pk} is no longer {before}; load it again")
    row.refresh_from_db()
