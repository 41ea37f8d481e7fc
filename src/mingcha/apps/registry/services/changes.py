"""One audited action says that the facts of a span that has begun are other now: what was computed follows.

``workers/jobs.py`` makes exactly that span dirty. What lies in the future needs nothing: it is computed when it comes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from mingcha.apps.accounts.models import User
from mingcha.apps.audit.services import audit_record
from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.timeline import R, parts

CHANGED = "facts.changed"
Stretch = tuple[datetime, datetime | None]  # UTC; None: until now


def facts_changed(
    *, outlet: Outlet, spans: Iterable[Stretch], reason: str, cause: str, at: datetime, by: User | None
) -> int:
    """Record each span in which something can have been computed by ``at``; give how many.

    ``reason``: setting or mark; ``cause``: the deed. Before its first data logger an outlet has no values, and one
    without a data logger has none at all.
    """
    first = outlet.dataloggers.order_by("installed_at").values_list("installed_at", flat=True).first()
    if first is None:
        return 0
    kept = ((max(start, first), end) for start, end in spans)
    begun = [(start, end) for start, end in kept if start <= at and (end is None or start < end)]
    for start, end in begun:
        detail = {"outlet": outlet.key, "start": start, "end": end, "reason": reason, "cause": cause}
        audit_record(by=by, action=CHANGED, subject=outlet, at=at, detail=detail)
    return len(begun)


def held_by(row: R, rows: Sequence[R]) -> list[Stretch]:
    """When ``row`` is the one of ``rows`` that holds."""
    return [(part.start, part.end) for part in parts(rows) if part.row is row]
