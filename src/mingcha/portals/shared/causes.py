"""How a reason for a missing or invalid hour reads and looks: the hatches of ui.md §4, each with its word."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import get_language, gettext, gettext_noop

from mingcha.core.causes import NOT_DUE, NOT_RECEIVED, Cause

PATTERNS = ("stop", "fault", "link", "care", "own", "none", "unknown")


@dataclass(frozen=True, slots=True)
class Look:
    """``pattern``: one of PATTERNS. ``shape`` and ``tone`` as of badges."""

    word: str
    pattern: str
    shape: str
    tone: str


_ = gettext_noop
LOOKS = {
    Cause.NOT_CONNECTED: Look(_("未联网"), "none", "waiting", "none"),
    Cause.STOPPED: Look(_("停运"), "stop", "ended", "mark"),
    Cause.NO_DISCHARGE: Look(_("无排放"), "stop", "ended", "mark"),
    Cause.OFF_SCHEDULE: Look(_("不在监测时段"), "none", "waiting", "none"),
    Cause.STANDARD_CHECK: Look(_("自动标样核查"), "care", "near", "grace"),
    Cause.OWN_DOWNTIME: Look(_("平台停机"), "own", "ended", "none"),
    Cause.QUARANTINED: Look(_("报文隔离"), "link", "refused", "suspicion"),
    Cause.UNREADABLE: Look(_("报文不可解"), "link", "refused", "suspicion"),
    Cause.LINK_DOWN: Look(_("通讯待补"), "link", "moving", "notice"),
    Cause.FIELDS_MISSING: Look(_("字段不全"), "link", "near", "suspicion"),
    Cause.NO_FRAME: Look(_("原因不明"), "unknown", "late", "breach"),
    Cause.CALIBRATION: Look(_("校准"), "care", "near", "grace"),
    Cause.MAINTENANCE: Look(_("维护"), "care", "human", "mark"),
    Cause.FAULT: Look(_("故障"), "fault", "late", "suspicion"),
    Cause.OVER_RANGE: Look(_("超量程"), "fault", "late", "suspicion"),
    Cause.OUT_OF_CONTROL: Look(_("质控失控"), "fault", "doubted", "suspicion"),
    Cause.UNIT_MISMATCH: Look(_("单位不符"), "fault", "doubted", "suspicion"),
    Cause.TOO_FEW: Look(_("有效数据不足"), "unknown", "doubted", "suspicion"),
}
UNKNOWN = Look(_("原因不明"), "unknown", "late", "breach")


def look(cause: str) -> Look:
    """How a cause looks; "" and what no list knows is unknown."""
    return LOOKS[Cause(cause)] if cause in set(Cause) else UNKNOWN


def cause_word(cause: str) -> str:
    """The word of a cause in the language of the page."""
    return _word(cause, get_language())


@lru_cache(maxsize=256)
def _word(cause: str, language: str | None) -> str:
    return gettext(look(cause).word)


def pattern(cause: str) -> str:
    """The hatch of a cause."""
    return look(cause).pattern


def family(cause: str) -> str:
    """未应收, 应收未收 or 已收无效: where the hour is lost (R-TR-1 to R-TR-3)."""
    if cause in NOT_DUE:
        return gettext("不计应收")
    return gettext("应收未收") if cause in NOT_RECEIVED else gettext("已收无效")


def every() -> dict[str, Look]:
    """All looks by the text of their cause, "" included."""
    return {"": UNKNOWN} | {cause.value: found for cause, found in LOOKS.items()}
