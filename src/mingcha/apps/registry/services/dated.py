"""What point settings, schedules and permitted amounts have in common: reasons, spans, and how each is undone."""

from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet

from mingcha.apps.accounts.models import User
from mingcha.apps.registry.models import Entered, Outlet
from mingcha.apps.registry.values import checked
from mingcha.core.clock import beijing
from mingcha.core.errors import StaleState

E = TypeVar("E", bound=Entered)

WHY_MAX, DOCUMENT_MAX = 500, 128


def text_problem(name: str, given: str, most: int) -> str:
    """Whether ``given`` says something and fits; ``name`` is what the page calls it."""
    if not given.strip():
        return f"{name}未填。应写明。请填写。(found nothing; fill it in)"
    if len(given) > most:
        return f"{name}有 {len(given)} 字。应不超过 {most} 字。请缩短。(at most {most} characters)"
    return ""


def reason_problems(document: str, why: str) -> dict[str, str]:
    return {
        "document": text_problem("依据文件", document, DOCUMENT_MAX),
        "why": text_problem("原因", why, WHY_MAX),
    }


def span_problem(start: datetime, end: datetime | None) -> str:
    if end is None or end > start:
        return ""
    found = f"{beijing(end):%Y-%m-%d %H:%M} 不晚于 {beijing(start):%Y-%m-%d %H:%M}"
    return f"{found}。结束应晚于开始。请改正，或留空表示一直有效。(the end must be later)"


def start_problem(outlet: Outlet, start: datetime) -> str:
    """Whether the outlet was there: before its first logger nothing can have been measured."""
    first = outlet.dataloggers.order_by("installed_at").values_list("installed_at", flat=True).first()
    if first is None or start >= first:
        return ""
    return (
        f"{beijing(start):%Y-%m-%d %H:%M} 早于首台数采仪安装时间 {beijing(first):%Y-%m-%d %H:%M}。"
        "应不早于该时间。请改正。(before the first data logger)"
    )


def taken_problem(other: Entered | None, start: datetime) -> str:
    if other is None:
        return ""
    return (
        f"自 {beijing(start):%Y-%m-%d %H:%M} 起已有一条（编号 {other.pk}）。同一时间起只能有一条。"
        "请改生效时间，或更正、撤销原有的一条。(one begins then already; correct or undo it)"
    )


def undo(row: E, table: QuerySet[E], *, why: str, by: User | None, at: datetime) -> E:
    """Take ``row`` of ``table`` out of force; it stays with who undid it and why.

    Raises:
        BadInput: no reason. StaleState: it was undone already.
    """
    checked({"why": text_problem("原因", why, WHY_MAX)})
    held = table.filter(pk=row.pk, undone_at=None)
    changed = held.update(undone_by=by, undone_at=at, undone_why=why.strip())
    if not changed:
        raise StaleState(f"{type(row).__name__} {row.pk} was undone already; load the page again")
    row.refresh_from_db()
    return row
