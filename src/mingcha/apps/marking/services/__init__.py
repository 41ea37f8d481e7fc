"""Every write of this room: ``marks`` of spans of data, ``codes`` confirmed by quarter with their lock."""

from mingcha.apps.marking.services.codes import codes_confirm, codes_open, codes_open_due, codes_reopen
from mingcha.apps.marking.services.marks import (
    DECISIONS,
    mark_correct,
    mark_decide,
    mark_submit,
    mark_withdraw,
)

__all__ = [
    "DECISIONS",
    "codes_confirm",
    "codes_open",
    "codes_open_due",
    "codes_reopen",
    "mark_correct",
    "mark_decide",
    "mark_submit",
    "mark_withdraw",
]
