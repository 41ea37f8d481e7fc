"""Who waits in quarantine, and what follows from who was let in."""

from collections import defaultdict
from datetime import datetime
from typing import Any, TypedDict

from django.db.models import QuerySet

from mingcha.apps.accounts.permissions import Reach, Viewer, require, scope
from mingcha.apps.devices.models import ADOPTED, WAITING, Command, Quarantine, Rewalk
from mingcha.apps.registry.models import Datalogger
from mingcha.apps.registry.selectors import outlets_visible_to
from mingcha.core.errors import NotFound


class RewalkValues(TypedDict):
    """A span to be projected again; ``end`` None: to the end of the journal."""

    id: int
    mn: str
    start: datetime
    end: datetime | None
    why: str


class ActivationValues(TypedDict):
    """``hardware``: fields of 1001; whoever registers with this i23005 is given ``mn`` by 1002."""

    hardware: dict[str, Any]
    mn: str
    st: str
    command: str


def quarantine_list(user: Viewer, state: str = WAITING, kind: str = "") -> QuerySet[Quarantine]:
    """Who sends and is not registered, the latest first; ``state`` "" is all.

    An MN nobody knows is of no district: every district sees it. One that was registered before, or was let in, is seen
    by who sees its outlet.

    Raises:
        NotAllowed: the role may not.
    """
    require(user, "quarantine.view")
    found = Quarantine.objects.select_related("datalogger__outlet__discharger", "decided_by")
    if state:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if state != ADOPTED:
        registered = Datalogger.objects.filter(removed_at=None).values("mn")
        found = found.exclude(kind=Quarantine.Kind.MN, state=WAITING, mn__in=registered)
    if scope(user).kind is Reach.DISTRICT:
        foreign = Datalogger.objects.exclude(outlet__in=outlets_visible_to(user))
        found = found.exclude(mn__in=foreign.values("mn"))
    return found


def quarantine_get(user: Viewer, quarantine_id: int) -> Quarantine:
    """One of them, whatever was decided.

    Raises:
        NotFound: there is none, or ``user`` may not know of it. NotAllowed: the role may not.
    """
    found = quarantine_list(user, state="").filter(pk=quarantine_id).first()
    if found is None:
        raise NotFound(f"no quarantine {quarantine_id}")
    return found


def adoptions() -> dict[str, tuple[datetime, ...]]:
    """MN → since when its quarantined frames count, for each adoption. For the projection and rebuilds: no viewer."""
    found: dict[str, list[datetime]] = defaultdict(list)
    rows = Quarantine.objects.filter(state=ADOPTED).exclude(datalogger=None).select_related("datalogger")
    for row in rows.order_by("datalogger__installed_at"):
        if row.datalogger is not None:
            found[row.datalogger.mn].append(row.datalogger.installed_at)
    return {mn: tuple(starts) for mn, starts in found.items()}


def rewalks_waiting() -> list[RewalkValues]:
    """Spans to be projected again, the first asked first. For the projection: no viewer."""
    rows = Rewalk.objects.filter(done_at=None).order_by("id")
    return [{"id": r.pk, "mn": r.mn, "start": r.start, "end": r.end, "why": r.why} for r in rows]


def activations() -> list[ActivationValues]:
    """Adopted hardware of 2025 with the MN it was given. For the gateway: no viewer."""
    rows = Quarantine.objects.filter(
        kind=Quarantine.Kind.HARDWARE, state=ADOPTED, datalogger__removed_at=None
    )
    found: list[ActivationValues] = []
    for row in rows.select_related("datalogger").order_by("id"):
        if row.datalogger is None:
            continue
        waiting = Command.objects.filter(adoption=row, state__in=Command.OPEN).order_by("id").first()
        found.append(
            {
                "hardware": row.hardware,
                "mn": row.datalogger.mn,
                "st": row.datalogger.st,
                "command": "" if waiting is None else str(waiting.pk),
            }
        )
    return found
