"""Every write of findings: what is found is recorded and merged (recording.py), people decide (deciding.py)."""

from mingcha.apps.findings.services.deciding import (
    finding_assign,
    finding_clear,
    finding_confirm,
    finding_dismiss,
    finding_take_up,
    finding_undo,
)
from mingcha.apps.findings.services.recording import (
    facts_withdraw,
    finding_record_clues,
    finding_record_late_duty,
    finding_record_verdicts,
    finding_withdraw_duty,
)

__all__ = [
    "facts_withdraw",
    "finding_assign",
    "finding_clear",
    "finding_confirm",
    "finding_dismiss",
    "finding_record_clues",
    "finding_record_late_duty",
    "finding_record_verdicts",
    "finding_take_up",
    "finding_undo",
    "finding_withdraw_duty",
]
