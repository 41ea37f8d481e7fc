"""A clue (线索): what a detector says. Never a verdict; reasons for innocence get equal space."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mingcha.core.verdicts import Level


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One explanation with what speaks for and against it (zh, en sentences)."""

    name: str
    supports: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clue:
    """An anomaly of one outlet, bounded to the anomaly itself (``start``, ``end`` UTC).

    ``kind``: fraud, malfunction or om. ``excluded``: benign explanations tested and why they fail.
    """

    outlet: str
    factor: str | None
    start: datetime
    end: datetime
    detector: str
    version: str
    score: float
    level: Level
    kind: str
    sentence_zh: str
    sentence_en: str
    stats: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    hypotheses: tuple[Hypothesis, ...] = ()
    excluded: tuple[str, ...] = ()
    inputs_sha256: str = ""
