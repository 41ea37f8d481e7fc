"""How loggers may speak, and who spoke without being known."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices.models import MN_MAX, Access, Quarantine
from mingcha.apps.devices.values import password_problem, seal
from mingcha.apps.registry.models import Datalogger
from mingcha.core.errors import BadInput


@transaction.atomic
def access_set(
    *,
    datalogger: Datalogger,
    password: str,
    at: datetime,
    reject_bad_password: bool = False,
    by: User | None = None,
) -> Access:
    """Set the password of a logger (kept sealed; the audit never has it) and what a wrong one costs.

    Raises:
        BadInput: the password cannot stand in a frame.
    """
    require(by, "access.set")
    if problem := password_problem(password):
        raise BadInput({"password": problem})
    access, _ = Access.objects.update_or_create(
        datalogger=datalogger,
        defaults={
            "sealed_password": seal(password, [settings.SECRET_KEY]),
            "reject_bad_password": reject_bad_password,
            "changed_at": at,
        },
    )
    detail = {"mn": datalogger.mn, "reject_bad_password": reject_bad_password}
    audit_record(by=by, action="access.set", subject=datalogger, at=at, detail=detail)
    return access


@transaction.atomic
def quarantine_seen(*, mn: str, at: datetime, ref: str, frames: int = 1) -> Quarantine:
    """Note ``frames`` more frames of an unknown ``mn``, the last at ``ref``. Only the first time is audited."""
    name = mn[:MN_MAX]
    found, new = Quarantine.objects.get_or_create(
        mn=name, defaults={"first_seen": at, "last_seen": at, "frames": 0, "last_ref": str(ref)}
    )
    Quarantine.objects.filter(pk=found.pk).update(
        frames=F("frames") + frames, last_seen=at, last_ref=str(ref)
    )
    if new:
        audit_record(by=None, action="quarantine.opened", subject=found, at=at, detail={"mn": name})
    found.refresh_from_db()
    return found
