"""Audited actions as an outbox: each event is handed on once, in order, with the reader's position."""

from collections.abc import Callable

from django.db import transaction

from mingcha.apps.audit.models import AuditEvent, Follower

MOST = 500  # events a transaction


@transaction.atomic
def hand_on(name: str, hand: Callable[[AuditEvent], None]) -> int:
    """Give ``hand`` each event after the position of reader ``name``; move the position; give the number.

    ``hand`` may only write to this database (enqueue a job): then an event is handed on exactly once.
    """
    follower, _ = Follower.objects.select_for_update().get_or_create(name=name)
    events = list(AuditEvent.objects.filter(pk__gt=follower.last_event).order_by("pk")[:MOST])
    for event in events:
        hand(event)
    if events:
        follower.last_event = events[-1].pk
        follower.save(update_fields=["last_event"])
    return len(events)
