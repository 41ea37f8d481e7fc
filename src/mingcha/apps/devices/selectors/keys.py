"""Keys without their material: who proposed and approved them, since when they hold, when they are due."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from mingcha.apps.accounts.permissions import Viewer, require
from mingcha.apps.devices.models import IN_FORCE, StationKey
from mingcha.apps.devices.selectors.stations import stations_visible_to
from mingcha.apps.devices.values import key_due_at, setting
from mingcha.apps.registry.models import Datalogger
from mingcha.core.errors import NotFound


@dataclass(frozen=True, slots=True)
class KeyDue:
    """A key in force that is to be changed by ``due_at``."""

    key_id: int
    mn: str
    outlet: str
    district: str
    in_force_from: datetime
    due_at: datetime
    overdue: bool


def keys_visible_to(user: Viewer) -> QuerySet[StationKey]:
    """Keys of the stations the viewer sees, newest first.

    Raises:
        NotAllowed: the role may not.
    """
    require(user, "key.view")
    found = StationKey.objects.filter(datalogger__in=stations_visible_to(user))
    return found.defer("sealed_key").select_related(
        "datalogger__outlet__discharger", "proposed_by", "approved_by"
    )


def keys_of(user: Viewer, datalogger: Datalogger) -> QuerySet[StationKey]:
    return keys_visible_to(user).filter(datalogger__mn=datalogger.mn)


def key_get(user: Viewer, key_id: int) -> StationKey:
    """One key.

    Raises:
        NotFound: there is none, or ``user`` may not know of it. NotAllowed: the role may not.
    """
    found = keys_visible_to(user).filter(pk=key_id).first()
    if found is None:
        raise NotFound(f"no key {key_id}")
    return found


def keys_due(at: datetime, user: Viewer | None = None) -> list[KeyDue]:
    """Keys in force that are overdue at ``at`` or will be within the time of warning, the most overdue first.

    Without ``user``: all, for the workers.
    """
    found = StationKey.objects.filter(state=IN_FORCE, datalogger__removed_at=None)
    if user is not None:
        found = keys_visible_to(user).filter(state=IN_FORCE, datalogger__removed_at=None)
    warned = at + timedelta(days=setting("key_warn_days", at))
    rows = found.select_related("datalogger__outlet__discharger__district")
    due = [_due(row, at) for row in rows]
    return sorted((one for one in due if one.due_at <= warned), key=lambda one: one.due_at)


def key_due(row: StationKey) -> datetime | None:
    """By when a key is to be changed; None where it is not in force."""
    if row.state != IN_FORCE or row.in_force_from is None:
        return None
    return key_due_at(row.in_force_from)


def _due(row: StationKey, at: datetime) -> KeyDue:
    outlet = row.datalogger.outlet
    district = outlet.discharger.district
    since = row.in_force_from or row.proposed_at
    due_at = key_due_at(since)
    return KeyDue(
        row.pk, row.datalogger.mn, outlet.key, district.code if district else "", since, due_at, due_at <= at
    )
