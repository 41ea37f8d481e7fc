"""Messages to people. What is sent, to whom and why is decided by the caller."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from mingcha.apps.accounts.models import User
from mingcha.apps.audit.services import audit_record
from mingcha.apps.notices.models import Notice
from mingcha.core.errors import BadInput, NotFound


@transaction.atomic
def notice_send(
    *,
    users: Iterable[User],
    kind: str,
    cause: str,
    title_zh: str,
    at: datetime,
    title_en: str = "",
    link: str = "",
) -> list[Notice]:
    """Tell ``users``, each once per ``cause``; return the new notices.

    Raises:
        BadInput: an unknown kind, or no title.
    """
    if problems := _problems(kind, title_zh):
        raise BadInput(problems)
    told = set(Notice.objects.filter(cause=cause).values_list("user_id", flat=True))
    sent = [
        Notice.objects.create(
            user=user, kind=kind, cause=cause, title_zh=title_zh, title_en=title_en, link=link, created_at=at
        )
        for user in {user.pk: user for user in users}.values()
        if user.pk not in told
    ]
    if sent:
        detail = {"kind": kind, "users": [notice.user_id for notice in sent]}
        audit_record(by=None, action="notice.sent", subject=("notice", cause[:64]), at=at, detail=detail)
    return sent


def _problems(kind: str, title_zh: str) -> dict[str, str]:
    problems = {}
    if kind not in Notice.Kind.values:
        problems["kind"] = f"{kind!r}: expected one of {', '.join(Notice.Kind.values)}"
    if not title_zh.strip():
        problems["title_zh"] = "a notice needs a Chinese title"
    return problems


@transaction.atomic
def notice_read(*, user: User, pk: int, at: datetime) -> Notice:
    """``user`` has seen the notice; the first time counts.

    Raises:
        NotFound: it is nobody's or another person's.
    """
    notice = Notice.objects.filter(user=user, pk=pk).first()
    if notice is None:
        raise NotFound(f"no notice {pk}")
    if Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=at):
        audit_record(by=user, action="notice.read", subject=notice, at=at)
        notice.refresh_from_db()
    return notice


@transaction.atomic
def notices_read(*, user: User, at: datetime) -> int:
    """``user`` has seen all notices; how many were new."""
    read = Notice.objects.filter(user=user, read_at=None).update(read_at=at)
    if read:
        audit_record(by=user, action="notice.all_read", subject=user, at=at, detail={"count": read})
    return read
