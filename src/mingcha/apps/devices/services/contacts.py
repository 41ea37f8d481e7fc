"""First contact with a logger (hj212.md §5.4): what the host sets once it hears from it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.devices.models import Command, Contact
from mingcha.apps.devices.services.commands import command_queue, logger_of
from mingcha.apps.registry.models import Datalogger
from mingcha.core.errors import BadInput


@transaction.atomic
def contact_due(*, datalogger: Datalogger, by: User | None, at: datetime) -> Contact:
    """Let the host set up the logger (again) when it next hears from it."""
    require(by, "station.set")
    found, _ = Contact.objects.update_or_create(
        datalogger=datalogger, defaults={"due_since": at, "begun_at": None}
    )
    audit_record(by=by, action="contact.due", subject=datalogger, at=at, detail={"mn": datalogger.mn})
    return found


@transaction.atomic
def first_contact_ask(
    *, mn: str, edition: str, steps: Iterable[tuple[str, Mapping[str, Any]]], at: datetime
) -> list[Command]:
    """Queue the steps of a first contact that is due, in order, and take it off the list. Again: nothing.

    Raises:
        NotFound: no logger in place has this MN.
    """
    logger = logger_of(mn)
    if not Contact.objects.filter(datalogger__mn=mn, begun_at=None).update(begun_at=at):
        return []
    asked = list(steps)
    made = [
        found for name, values in asked if (found := _step(logger, name, values, edition, at)) is not None
    ]
    detail = {"mn": mn, "steps": [one.command for one in made], "asked": [name for name, _ in asked]}
    audit_record(by=None, action="contact.begun", subject=logger, at=at, detail=detail)
    return made


def _step(
    logger: Datalogger, name: str, values: Mapping[str, Any], edition: str, at: datetime
) -> Command | None:
    """One step; None where this edition does not have it: the others are asked all the same."""
    why = "首次联网 (first contact)"
    try:
        return command_queue(
            datalogger=logger, command=name, values=values, why=why, by=None, at=at, edition=edition
        )
    except BadInput:
        return None
