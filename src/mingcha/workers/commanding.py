"""What becomes of commands and keys by the clock: unsent ones expire, keys that are due are told of."""

from datetime import datetime

from mingcha.apps.accounts.selectors import people_who_may
from mingcha.apps.devices import selectors, services
from mingcha.apps.devices.selectors import KeyDue
from mingcha.apps.notices.services import notice_send
from mingcha.core.clock import beijing_day


def expire(at: datetime) -> int:
    """End commands that were never sent in time and those no gateway reports of; give their number."""
    return services.commands_expire(at=at)


def warn_of_keys(at: datetime) -> int:
    """Tell who may propose a key that one is due, and again when it is overdue; give the number of notices.

    HJ 212-2025 §6.4 (by secondary sources): a key is changed every 90 days.
    """
    return sum(_warn(due, at) for due in selectors.keys_due(at))


def _warn(due: KeyDue, at: datetime) -> int:
    day = beijing_day(due.due_at)
    word_zh, word_en = ("已逾期", "was due") if due.overdue else ("应更换", "is due")
    sent = notice_send(
        users=people_who_may("key.propose", due.district),
        kind="must" if due.overdue else "should",
        cause=f"key:{due.key_id}:{'overdue' if due.overdue else 'due'}",
        title_zh=f"数采仪 {due.mn}（{due.outlet}）的 SM4 密钥于 {day} {word_zh}",
        title_en=f"The SM4 key of logger {due.mn} ({due.outlet}) {word_en} on {day}",
        at=at,
    )
    return len(sent)
