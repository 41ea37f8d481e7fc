"""Notices: one per cause and person."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.people import People

from mingcha.apps.audit.models import AuditEvent
from mingcha.apps.notices.selectors import notices_of, unread_count
from mingcha.apps.notices.services import notice_read, notice_send, notices_read
from mingcha.core.errors import BadInput


def send(folk: People, at: datetime, *names: str, **given: Any) -> int:
    usual = {"kind": "must", "cause": "duty:41:late", "title_zh": "逾期", "at": at}
    return len(notice_send(users=[folk[name] for name in names], **usual | given))


def test_the_same_cause_tells_each_person_once(folk: People, at: datetime) -> None:
    assert send(folk, at, "auditor", "auditor") == 1
    assert send(folk, at, "auditor", "technician") == 1
    assert send(folk, at, "auditor", "technician") == 0
    assert send(folk, at, "auditor", cause="duty:42:late") == 1
    assert unread_count(folk["auditor"]) == 2


def test_sending_nothing_new_writes_nothing(folk: People, at: datetime) -> None:
    send(folk, at, "auditor")
    before = AuditEvent.objects.count()
    send(folk, at, "auditor")
    send(folk, at)
    assert AuditEvent.objects.count() == before


def test_the_first_reading_counts(folk: People, at: datetime) -> None:
    send(folk, at, "auditor")
    notice = notices_of(folk["auditor"]).get()
    notice_read(user=folk["auditor"], pk=notice.pk, at=at)
    assert notice_read(user=folk["auditor"], pk=notice.pk, at=at + timedelta(hours=1)).read_at == at
    assert AuditEvent.objects.filter(action="notice.read").count() == 1


def test_all_are_read_at_once_and_only_ones_own(folk: People, at: datetime) -> None:
    send(folk, at, "auditor", "technician")
    send(folk, at, "auditor", cause="other")
    assert notices_read(user=folk["auditor"], at=at) == 2
    assert notices_read(user=folk["auditor"], at=at) == 0
    assert unread_count(folk["technician"]) == 1


@pytest.mark.parametrize(("given", "field"), [({"kind": "shout"}, "kind"), ({"title_zh": " "}, "title_zh")])
def test_a_bad_notice_is_refused(folk: People, at: datetime, given: dict, field: str) -> None:
    with pytest.raises(BadInput, match=field):
        send(folk, at, "auditor", **given)


def test_a_long_cause_is_told_once_too(folk: People, at: datetime) -> None:
    assert [send(folk, at, "auditor", cause="x" * 96) for _ in range(2)] == [1, 0]
