from datetime import datetime
from typing import Any

from mingcha.apps.accounts.models import User
from mingcha.apps.audit.services import audit_record
from mingcha.apps.findings.models import Finding
from mingcha.core.errors import StaleState
from mingcha.core.moves import step


def finding_move(
    finding: Finding,
    move: str,
    *,
    by: User | None,
    at: datetime,
    action: str,
    detail: dict[str, Any] | None = None,
    **changes: Any,
) -> Finding:
    """Make ``move`` of ``Finding.NEXT``.

    Raises:
        IllegalMove, StaleState.
    """
    before = finding.state
    after = step(Finding.NEXT, before, move)
    if not Finding.objects.filter(pk=finding.pk, state=before).update(state=after, updated_at=at, **changes):
        raise StaleState(f"finding {finding.number} is no longer {before}; load it again")
    told = {"number": finding.number, "before": before, "after": after} | (detail or {})
    audit_record(by=by, action=action, subject=finding, at=at, detail=told)
    finding.refresh_from_db()
    return finding
