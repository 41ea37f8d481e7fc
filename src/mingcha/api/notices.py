"""A person's own messages."""

from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema

from mingcha.api.access import viewer
from mingcha.api.shapes import Moment, Number, Page, Paging, answers, page_of
from mingcha.apps.notices import selectors, services
from mingcha.core.clock import now

router = Router()


class NoticeOut(Schema):
    """``kind``: must, should or may be looked at."""

    id: int
    kind: str
    cause: str
    title_zh: str
    title_en: str
    link: str
    created_at: Moment
    read_at: Moment | None


class NoticeFilter(Paging):
    unread: bool = False


@router.get("/notices", response=answers(Page[NoticeOut]))
def notice_list(request: HttpRequest, asked: Query[NoticeFilter]) -> dict[str, Any]:
    """My messages, newest first."""
    found = selectors.notices_of(viewer(request))
    return page_of(found.filter(read_at=None) if asked.unread else found, asked, _notice)


@router.post("/notices/{notice_id}/read", response=answers(NoticeOut, write=True))
def notice_read(request: HttpRequest, notice_id: Path[Number]) -> NoticeOut:
    """I have seen it; the first time counts."""
    return _notice(services.notice_read(user=viewer(request), pk=notice_id, at=now()))


def _notice(row: Any) -> NoticeOut:
    return NoticeOut(
        id=row.pk,
        kind=row.kind,
        cause=row.cause,
        title_zh=row.title_zh,
        title_en=row.title_en,
        link=row.link,
        created_at=row.created_at,
        read_at=row.read_at,
    )
