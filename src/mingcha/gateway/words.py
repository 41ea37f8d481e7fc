"""The words of a verdict as the journal keeps it: ``word`` or ``word:code,code``.

accepted · deviating (kept and used, problems counted) · rejected (kept, not used, not answered) · quarantine (MN not
registered: kept, not used, not answered unless ``Policy.ack_unknown``) · skipped (bytes between frames). Codes are those
of ``protocol.hj212.verdicts`` and the ones below. ``late`` and ``supplement`` are marks: they make nothing deviate.
"""

ACCEPTED, DEVIATING, REJECTED = "accepted", "deviating", "rejected"
QUARANTINE, SKIPPED = "quarantine", "skipped"

PW_WRONG = "pw_wrong"  # the password is not that of the register (guide to HJ 212 §12.2)
ST_UNEXPECTED = "st_unexpected"  # the system code is not one of the station's
EDITION_UNEXPECTED = "edition_unexpected"  # the station speaks another edition than the one in force for it
SUPPLEMENT = "supplement"  # RF=1
LATE = "late"  # DataTime is older than Policy.late_s when it comes (guide §12.3)

REGISTERS, HARDWARE_ID = (
    "1001",
    "i23005-Info",
)  # HJ 212-2025: a logger without MN names itself by its own number

MEANINGS = {
    PW_WRONG: ("密码不符", "the password is not that of the register"),
    ST_UNEXPECTED: ("系统编码与登记不符", "the system code is not one of the station's"),
    EDITION_UNEXPECTED: ("协议版本与设置不符", "the station speaks another edition than the one set for it"),
    SUPPLEMENT: ("补传数据", "marked by the logger as sent later (RF)"),
    LATE: ("迟到数据", "the time of the data is older than the limit for late data"),
}


def word_of(verdict: str) -> str:
    """The word of a verdict without its codes."""
    return verdict.partition(":")[0]


def codes_of(verdict: str) -> tuple[str, ...]:
    """The codes of a verdict."""
    text = verdict.partition(":")[2]
    return tuple(text.split(",")) if text else ()


def usable(verdict: str) -> bool:
    """Whether readings are taken from a frame with this verdict."""
    return word_of(verdict) in {ACCEPTED, DEVIATING}


def verdict_text(word: str, codes: list[str]) -> str:
    """The verdict as it is kept; each code once."""
    return f"{word}:{','.join(dict.fromkeys(codes))}" if codes else word
