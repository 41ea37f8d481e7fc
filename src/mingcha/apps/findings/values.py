"""What goes into a finding, as values; settings and reasons that are data."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mingcha.apps.duties.models import Duty
from mingcha.core.clues import Clue
from mingcha.core.dated import Dated, load_dated
from mingcha.core.digest import canonical, digest
from mingcha.core.verdicts import Level
from mingcha.flow.values import Judgement
from mingcha.protocol.hj212.factors import lookup

FOLDER = Path(__file__).parent
LEVELS = [level.value for level in Level]  # rising


@dataclass(frozen=True, slots=True)
class Said:
    """One fact to be recorded: a verdict, a clue or a late duty, as plain values.

    ``outlet``: key ``USCC/DA001``, "" where none is concerned. ``body``: the whole verdict, clue or duty.
    """

    kind: str
    source: str
    outlet: str
    factor: str
    start: datetime
    end: datetime
    level: str
    sentence_zh: str
    sentence_en: str
    key: str
    body: dict[str, Any] = field(default_factory=dict)
    score: float | None = None
    provisional: bool = False

    @property
    def digest(self) -> str:
        """What the fact says; when it was said does not count."""
        return digest({"body": self.body, "end": self.end, "level": self.level})


@cache
def settings() -> dict[str, Dated]:
    return load_dated(FOLDER / "settings.yaml")


@cache
def reasons() -> dict[str, dict[str, Any]]:
    """Key → zh, en, and whether words are asked for."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "reasons.yaml").read_text(encoding="utf-8"))
    return found


REASONS = tuple(reasons())  # the eight, in the order of the file


def merge_gap(at: datetime) -> timedelta:
    return timedelta(hours=settings()["merge_gap_h"].whole(at.date()))


def gravest(levels: list[str]) -> str:
    return max(levels, key=LEVELS.index)


def plain(value: Any) -> Any:
    """``value`` as JSON gives it back."""
    return json.loads(canonical(value))


def factor_name(code: str, *, english: bool = False) -> str:
    """What people call a factor; a code nobody knows stays as it is. Rules and detectors speak in codes."""
    known = lookup(code)
    if known is None:
        return code
    return known.name_en if english else known.name_zh


def from_judgement(item: Judgement) -> Said | None:
    """The fact of a judgement that carries a level; None where there is nothing to find."""
    verdict = item.verdict
    if verdict.level is None:
        return None
    return Said(
        kind="rule",
        source=item.rule,
        outlet=item.outlet,
        factor=item.factor,
        start=item.start,
        end=item.end,
        level=verdict.level.value,
        sentence_zh=f"{factor_name(item.factor)}{verdict.message_zh}",
        sentence_en=f"{factor_name(item.factor, english=True)}: {verdict.message_en}",
        key=fact_key(item.rule, item.outlet, item.factor, item.start),
        body=plain(
            {"verdict": verdict.as_json(), "receipt": asdict(verdict.receipt) if verdict.receipt else None}
        ),
        provisional=bool(verdict.receipt and verdict.receipt.provisional),
    )


def from_clue(clue: Clue) -> Said:
    factor = clue.factor or ""
    return Said(
        kind="clue",
        source=clue.detector,
        outlet=clue.outlet,
        factor=factor,
        start=clue.start,
        end=clue.end,
        level=clue.level.value,
        sentence_zh=clue.sentence_zh.replace(f" {factor} ", factor_name(factor))
        if factor
        else clue.sentence_zh,
        sentence_en=clue.sentence_en.replace(factor, factor_name(factor, english=True))
        if factor
        else clue.sentence_en,
        key=fact_key(clue.detector, clue.outlet, factor, clue.start),
        body=plain({"clue": asdict(clue)}),
        score=clue.score,
    )


def from_duty(duty: Duty, outlet: str) -> Said:
    body = {
        "kind": duty.kind, "clause": duty.clause, "sureness": duty.sureness, "subject": [duty.subject_kind, duty.subject_id],
        "anchor_at": duty.anchor_at, "due_at": duty.due_at, "counted_days": duty.counted_days,
    }  # fmt: skip
    return Said(
        kind="duty",
        source=duty.kind,
        outlet=outlet,
        factor="",
        start=duty.anchor_at,
        end=duty.due_at,
        level=Level.NOTICE.value,
        sentence_zh=f"逾期未完成：{duty.title_zh}",
        sentence_en=f"Overdue: {duty.title_en or duty.title_zh}",
        key=duty_key(duty),
        body=plain({"duty": body}),
        provisional=duty.provisional,
    )


def fact_key(source: str, outlet: str, factor: str, start: datetime) -> str:
    return f"{source}/{outlet}/{factor}/{start.isoformat()}"


def duty_key(duty: Duty) -> str:
    return f"{duty.kind}/{duty.pk}"
