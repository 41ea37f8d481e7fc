"""Passwords of loggers: kept sealed, changed by 1072, the former one accepted for a while."""

from datetime import datetime, timedelta

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices import sealing
from mingcha.apps.devices.models import Access, Command
from mingcha.apps.devices.services.commands import command_ask
from mingcha.apps.devices.values import password_problem, setting
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
            "sealed_password": sealing.close(password),
            "reject_bad_password": reject_bad_password,
            "changed_at": at,
            "sealed_former": None,
            "former_until": None,
        },
    )
    detail = {"mn": datalogger.mn, "reject_bad_password": reject_bad_password}
    audit_record(by=by, action="access.set", subject=datalogger, at=at, detail=detail)
    return access


def password_change(
    *, datalogger: Datalogger, password: str, by: User | None, at: datetime, why: str = ""
) -> Command:
    """Ask the logger to take a new password (1072). It is in force when the logger says so, not before.

    Raises:
        BadInput, NotAllowed: see ``command_ask``.
    """
    return command_ask(
        datalogger=datalogger,
        command="set_password",
        values={"new_password": password},
        why=why,
        by=by,
        at=at,
    )


def password_taken(*, datalogger: Datalogger, password: str, at: datetime) -> None:
    """The logger has taken ``password`` (ExeRtn=1); the former one is accepted a while longer."""
    access = Access.objects.filter(datalogger=datalogger).first()
    Access.objects.update_or_create(
        datalogger=datalogger,
        defaults={
            "sealed_password": sealing.close(password),
            "changed_at": at,
            "sealed_former": None if access is None else bytes(access.sealed_password),
            "former_until": at + timedelta(minutes=setting("password_grace_min", at)),
        },
    )
    audit_record(by=None, action="access.changed", subject=datalogger, at=at, detail={"mn": datalogger.mn})
