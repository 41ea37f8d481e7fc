"""Every write of marks: what the discharger says of a span of its data (WF-10)."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from mingcha.apps.accounts.models import User
from mingcha.apps.accounts.permissions import require
from mingcha.apps.audit.services import audit_record
from mingcha.apps.maintenance.words import say
from mingcha.apps.marking.lock import locked
from mingcha.apps.marking.models import ACCEPTED, CORRECTED, WITHDRAWN, Mark
from mingcha.apps.marking.services.own import own
from mingcha.apps.marking.values import items, mark_deadline, settings
from mingcha.apps.registry.models import Outlet
from mingcha.apps.registry.services.changes import facts_changed
from mingcha.core.clock import beijing, beijing_day
from mingcha.core.errors import BadInput, StaleState
from mingcha.core.moves import step

GONE = (WITHDRAWN, CORRECTED)
DECISIONS = ("accept", "question")
REASON_MAX = 1000


@transaction.atomic
def mark_submit(
    *,
    outlet: Outlet,
    start: datetime,
    end: datetime,
    item: str,
    reason: str,
    by: User,
    at: datetime,
    factor: str = "",
) -> Mark:
    """Mark ``[start, end)`` of one factor, or of all ("").

    A mark handed in after noon of the day after its first day is late: kept, counted, and without effect on any
    value until an authority accepts it (R-MK-3, WF-10.7).

    Raises:
        NotAllowed: ``by`` is not of the outlet's discharger.
        BadInput: by field; also where the codes of the quarter are locked (R-75-12.1.3).
    """
    require(by, "mark.submit")
    own(by, outlet)
    problems = _problems(outlet, factor, start, end, item, reason, at)
    if problems:
        raise BadInput(problems)
    return _write(outlet, factor, start, end, item, reason, by=by, at=at)


@transaction.atomic
def mark_withdraw(*, mark: Mark, by: User, at: datetime) -> Mark:
    """The discharger takes a mark back.

    Raises:
        NotAllowed, IllegalMove, StaleState. BadInput: the codes of the quarter are locked.
    """
    require(by, "mark.withdraw")
    own(by, mark.outlet)
    _unlocked(mark, at)
    return _move(mark, "withdraw", by=by, at=at, action="mark.withdrawn")


@transaction.atomic
def mark_correct(
    *, mark: Mark, start: datetime, end: datetime, item: str, reason: str, by: User, at: datetime
) -> Mark:
    """Answer a question with a corrected mark; the old one stays, corrected. Returns the new one.

    Raises:
        NotAllowed, BadInput, IllegalMove, StaleState.
    """
    require(by, "mark.correct")
    own(by, mark.outlet)
    _unlocked(mark, at)
    _move(mark, "correct", by=by, at=at, action="mark.corrected")
    problems = _problems(mark.outlet, mark.factor, start, end, item, reason, at)
    if problems:
        raise BadInput(problems)
    return _write(mark.outlet, mark.factor, start, end, item, reason, by=by, at=at, corrects=mark.pk)


@transaction.atomic
def mark_decide(*, mark: Mark, decision: str, by: User, at: datetime, comment: str = "") -> Mark:
    """An authority accepts a mark or questions it; a question says what is asked.

    Raises:
        BadInput, NotAllowed, IllegalMove, StaleState.
    """
    require(by, "mark.decide")
    if decision not in DECISIONS:
        raise BadInput(
            {"decision": say("未选结论。请选接受或质疑。", "No decision. Choose accept or question.")}
        )
    comment = comment.strip()
    if decision == "question" and not comment:
        raise BadInput(
            {
                "comment": say(
                    "质疑未写内容。应写明疑点。请填写。", "No question written. Say what is doubtful."
                )
            }
        )
    if decision == "accept" and mark.late:
        _unlocked(mark, at)
    action = "mark.accepted" if decision == "accept" else "mark.questioned"
    decided = {"decided_by": by, "decided_at": at}
    return _move(mark, decision, by=by, at=at, action=action, detail={"comment": comment}, **decided)


def _unlocked(mark: Mark, at: datetime) -> None:
    """Let pass where codes of the mark's quarters may still change.

    Raises:
        BadInput: they are locked.
    """
    if problem := _locked_problem(mark.outlet, mark.start, mark.end, at):
        raise BadInput({"": problem})


def _locked_problem(outlet: Outlet, start: datetime, end: datetime, at: datetime) -> str:
    held = locked(outlet, start, end, at)
    if held is None:
        return ""
    since = beijing(held.confirmed_at or held.due_at)
    how = ("确认", "confirmed") if held.confirmed_at else ("到确认期限", "due for confirmation")
    return say(
        f"{held.year} 年第 {held.quarter} 季度的状态码已于 {since:%Y-%m-%d %H:%M} {how[0]}并锁定。锁定后不能再改标记。"
        "确需更改，请主管部门重新开放该季度。",
        f"The codes of {held.year} Q{held.quarter} were {how[1]} at {since:%Y-%m-%d %H:%M} and are locked. "
        "Ask the authority to reopen the quarter.",
    )


def _problems(
    outlet: Outlet, factor: str, start: datetime, end: datetime, item: str, reason: str, at: datetime
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if item not in items():
        named = "、".join(words["zh"] for words in items().values())
        problems["item"] = say(
            f"未选标记项。应为：{named}。请选一项。", f"No item. Choose one of {', '.join(items())}."
        )
    if not reason.strip():
        problems["reason"] = say("原因未填。应说明发生了什么。请填写。", "No reason. Say what happened.")
    elif len(reason) > REASON_MAX:
        problems["reason"] = say(
            f"原因有 {len(reason)} 字。应不超过 {REASON_MAX} 字。请缩短。",
            f"{len(reason)} characters. At most {REASON_MAX}. Shorten it.",
        )
    if timing := _timing(start, end, at):
        problems["end"] = timing
    elif held := _locked_problem(outlet, start, end, at):
        problems["start"] = held
    elif other := _overlap(outlet, factor, start, end):
        held = f"{beijing(other.start):%m-%d %H:%M} 至 {beijing(other.end):%m-%d %H:%M}"
        problems["start"] = say(
            f"与已有标记（{held}，{items()[other.item]['zh']}）重叠。同一因子同一时间只能有一个标记。请改时间或先撤回。",
            f"Overlaps a mark ({held}, {items()[other.item]['en']}). A factor has one mark at a time. Change the time or withdraw it.",
        )
    return problems


def _timing(start: datetime, end: datetime, at: datetime) -> str:
    longest = settings()["mark_longest_days"].whole(beijing_day(at))
    if end <= start:
        return say(
            "结束不晚于开始。结束应更晚。请改结束时间。", "The end is not after the start. Correct it."
        )
    if end - start > timedelta(days=longest):
        return say(f"时段超过 {longest} 天。请分段标记。", f"Longer than {longest} days. Mark it in parts.")
    if end > at:
        return say(
            "结束时间在将来。只能标记已发生的时段。请改结束时间。",
            "The end lies in the future. Mark what has happened. Correct it.",
        )
    return ""


def _overlap(outlet: Outlet, factor: str, start: datetime, end: datetime) -> Mark | None:
    """A mark on the same factor, or on all, in the same time; one mark on all factors meets every other."""
    same = Q() if factor == "" else Q(factor__in=("", factor))
    held = Mark.objects.filter(same, outlet=outlet, start__lt=end, end__gt=start)
    return held.exclude(state__in=GONE).first()


def _write(
    outlet: Outlet,
    factor: str,
    start: datetime,
    end: datetime,
    item: str,
    reason: str,
    *,
    by: User,
    at: datetime,
    corrects: int | None = None,
) -> Mark:
    late = at > mark_deadline(start)
    mark = Mark.objects.create(
        outlet=outlet, factor=factor, start=start, end=end, item=item, reason=reason.strip(),
        author=by, submitted_at=at, late=late,
    )  # fmt: skip
    detail = {
        "outlet": outlet.key,
        "factor": factor,
        "start": start,
        "end": end,
        "item": item,
        "late": late,
        "corrects": corrects,
    }
    audit_record(by=by, action="mark.submitted", subject=mark, at=at, detail=detail)
    if not late:
        _tell(mark, "mark.submitted", by, at)
    return mark


def _move(
    mark: Mark,
    move: str,
    *,
    by: User,
    at: datetime,
    action: str,
    detail: dict[str, Any] | None = None,
    **changes: Any,
) -> Mark:
    before, had = mark.state, effective(mark)
    after = step(Mark.NEXT, before, move)
    if not Mark.objects.filter(pk=mark.pk, state=before).update(state=after, **changes):
        raise StaleState(f"mark {mark.pk} is no longer {before}; load it again")
    audit_record(
        by=by, action=action, subject=mark, at=at, detail={"before": before, "after": after} | (detail or {})
    )
    mark.refresh_from_db()
    if effective(mark) != had:
        _tell(mark, action, by, at)
    return mark


def effective(mark: Mark) -> bool:
    """Whether a mark counts: not taken back, and a late one accepted (R-MK-3)."""
    return mark.state not in GONE and (not mark.late or mark.state == ACCEPTED)


def _tell(mark: Mark, cause: str, by: User, at: datetime) -> None:
    """What a mark says of its span counts from now on, or no longer does: exactly that span follows."""
    facts_changed(
        outlet=mark.outlet, spans=[(mark.start, mark.end)], reason="mark", cause=cause, by=by, at=at
    )
