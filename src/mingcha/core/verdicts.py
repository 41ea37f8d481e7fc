"""Three answers. A judgement is met, exceeded or *not judged, because …*; missing data is never a pass."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mingcha.core.citation import Sureness


class Result(StrEnum):
    MET = "met"
    EXCEEDED = "exceeded"
    NOT_JUDGED = "not_judged"


class Level(StrEnum):
    """Levels of findings, one scale everywhere: 四级 … 一级 (workflows WF-12)."""

    NOTICE = "notice"
    GENERAL = "general"
    SERIOUS = "serious"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Why a verdict is what it is: enough to print it, and to run it again years later.

    ``parameters``: name → {value, unit, valid_from, cite, sureness}. ``inputs``: the values as
    judged, JSON-able. ``used`` / ``unused``: names of inputs and why one was left out.
    """

    rule: str
    version: str
    clause: str
    why_version: str
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    inputs_sha256: str = ""
    steps: tuple[str, ...] = ()
    provisional: bool = False
    sureness: Sureness = Sureness.OFFICIAL


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement. ``code`` says which outcome; ``values`` what a page shows beside it."""

    result: Result
    code: str
    message_zh: str
    message_en: str
    level: Level | None = None
    values: dict[str, Any] = field(default_factory=dict)
    receipt: Receipt | None = None

    def as_json(self) -> dict[str, Any]:
        """The contract of printed judgements (design §7)."""
        r = self.receipt
        return {
            "rule": r.rule if r else "",
            "version": r.version if r else "",
            "clause": r.clause if r else "",
            "result": self.result.value,
            "code": self.code,
            "message_zh": self.message_zh,
            "message_en": self.message_en,
            "values": self.values,
            "parameters": r.parameters if r else {},
            "inputs_sha256": r.inputs_sha256 if r else "",
            "why_version": r.why_version if r else "",
            "provisional": r.provisional if r else False,
        }
