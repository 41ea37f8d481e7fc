"""Publishing: what was shown of an outlet is kept for good."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.disclosure.chain import snapshot_digest
from mingcha.apps.disclosure.models import Snapshot
from mingcha.apps.disclosure.values import PublicMark, content_for
from mingcha.apps.marking.selectors import marks_in_force
from mingcha.apps.marking.values import items
from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.selectors import outlet_by_key
from mingcha.core.aggregates import HourValue
from mingcha.core.digest import digest
from mingcha.core.errors import StaleState
from mingcha.core.facts import OutletFacts
from mingcha.core.spans import Span


@transaction.atomic
def outlet_publish(
    *,
    outlet: str,
    facts: OutletFacts,
    hours: Sequence[HourValue],
    span: Span,
    at: datetime,
    why: str,
    versions: Mapping[tuple[str, datetime], int] | None = None,
) -> Snapshot:
    """Publish the 24 hours that end with ``span``, with the limits in force and the discharger's marks.

    Raises:
        NotFound: there is no such outlet. StaleState: somebody published the same version first.
    """
    row = outlet_by_key(outlet)
    marks = [
        PublicMark(
            mark.factor,
            Span(mark.start, mark.end),
            items()[mark.item]["zh"],
            items()[mark.item]["en"],
            mark.late,
        )
        for mark in marks_in_force(row, span)
    ]
    units = {setting.factor: setting.unit for setting in facts.settings}
    content = content_for(row, hours, facts.limits, marks, versions or {}, span.end, units=units)
    return snapshot_publish(outlet=row, content=content, at=at, why=why)


@transaction.atomic
def snapshot_publish(
    *, outlet: Outlet, content: dict[str, Any], at: datetime, why: str, by: User | None = None
) -> Snapshot:
    """Publish ``content`` as the next version of the outlet's page; equal content is not published again.

    Raises:
        StaleState: somebody published the same version first. NotAllowed.
    """
    require(by, "snapshot.publish")
    last = Snapshot.objects.filter(outlet=outlet).order_by("-version").first()
    said = digest(content)
    if last is not None and last.content_digest == said:
        return last
    version, previous = (last.version + 1, last.digest) if last else (1, "")
    found = snapshot_digest(outlet.key, version, at, said, previous, why)
    try:
        with transaction.atomic():
            snapshot = Snapshot.objects.create(
                outlet=outlet, version=version, published_at=at, content=content,
                content_digest=said, digest=found, previous=previous, why=why,
            )  # fmt: skip
    except IntegrityError as error:
        raise StaleState(
            f"version {version} of {outlet.key} was published meanwhile; load it again"
        ) from error
    detail = {"outlet": outlet.key, "version": version, "digest": found, "why": why}
    audit_record(by=by, action="snapshot.published", subject=snapshot, at=at, detail=detail)
    return snapshot
