"""The scheme of indicators as data, and scores as values (WF-13).

A score starts at the indicator's maximum and loses the points of its items, never below zero; a bonus starts at
zero. Totals are rounded half up to 0.1 at the very end, and the grade is read from the rounded total (WF-13.6).
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

from mingcha.apps.credit.models import CreditItem
from mingcha.core.citation import Sureness
from mingcha.core.dated import Dated, load_dated
from mingcha.core.errors import BadRule

FOLDER = Path(__file__).parent
SCHEME = "SH-OM-DEFAULT-2025"
FULL = Decimal(100)
_BONUS, _VETO, _DOWNGRADE = "加分", "一票否决", "降级"
_STEP = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One row of the scheme. ``role``: score, bonus, veto or downgrade."""

    key: str
    heading_zh: str
    heading_en: str
    zh: str
    en: str
    maximum: Decimal
    rule: str
    automatic: bool
    role: str
    sureness: Sureness
    provenance: str


@dataclass(frozen=True, slots=True)
class IndicatorScore:
    """An indicator of one agency and year with every object counted for or against it."""

    indicator: Indicator
    points: Decimal
    counted: tuple[CreditItem, ...]
    lost: tuple[CreditItem, ...]

    @property
    def note_zh(self) -> str:
        """Why it is full although nothing was counted (WF-13.6)."""
        return "" if self.counted or self.indicator.role != "score" else "本项无应做，按满分"

    @property
    def note_en(self) -> str:
        return "" if self.counted or self.indicator.role != "score" else "nothing due, full score"


@dataclass(frozen=True, slots=True)
class HeadingScore:
    """The indicators under one heading (基本素质, 业务管理 …), in full digits."""

    zh: str
    en: str
    points: Decimal
    maximum: Decimal
    indicators: tuple[IndicatorScore, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """``total`` is rounded half up to 0.1 and limited to 100; ``grade`` A to D; ``why``: veto or downgrade."""

    year: int
    total: Decimal
    grade: str
    headings: tuple[HeadingScore, ...]
    outlets: int
    why_zh: str = ""
    why_en: str = ""


@cache
def settings() -> dict[str, Dated]:
    return load_dated(FOLDER / "settings.yaml")


@cache
def indicators() -> dict[str, Indicator]:
    """The scheme in force, by key, in the order of the file."""
    return read_indicators(FOLDER / "indicators.csv")


def read_indicators(path: Path) -> dict[str, Indicator]:
    """The rows of the scheme that have a key; the others only tell what other places do.

    Raises:
        BadRule: a key occurs twice or a maximum is no number; the message names file, row and remedy.
    """
    found: dict[str, Indicator] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            if not row["key"]:
                continue
            if row["key"] in found:
                raise BadRule(
                    f"{path.name} line {line}: key {row['key']!r} occurs twice; give each row its own"
                )
            found[row["key"]] = _indicator(f"{path.name} line {line}", row)
    return found


def score(year: int, items: Sequence[CreditItem], *, outlets: int = 0) -> Score:
    """Score one agency's items of a year."""
    scored = [_scored(indicator, items) for indicator in indicators().values()]
    headings = [_heading(name, scored) for name in dict.fromkeys(s.indicator.heading_zh for s in scored)]
    raw = sum((heading.points for heading in headings), Decimal(0))
    total = min(FULL, raw).quantize(_STEP, rounding=ROUND_HALF_UP)
    grade, why_zh, why_en = _grade(total, year, scored)
    return Score(year, total, grade, tuple(headings), outlets, why_zh, why_en)


def grade_lines(year: int) -> list[tuple[str, Decimal]]:
    """Grades with their lowest totals, best first.

    Raises:
        BadRule: the setting is not of the form ``A 90, B 75, C 60``.
    """
    text = settings()["grades"].on(date(year, 12, 31))
    pairs = [re.fullmatch(r"([A-Z]) ([0-9]+(?:\.[0-9]+)?)", part.strip()) for part in text.split(",")]
    if not all(pairs):
        raise BadRule(f"settings.yaml: grades: {text!r} is not of the form 'A 90, B 75, C 60'; write it so")
    return [(pair[1], Decimal(pair[2])) for pair in pairs if pair]


def _scored(indicator: Indicator, items: Iterable[CreditItem]) -> IndicatorScore:
    counted = tuple(item for item in items if item.indicator == indicator.key)
    start = indicator.maximum if indicator.role == "score" else Decimal(0)
    points = start + sum((item.points for item in counted), Decimal(0))
    lost = tuple(item for item in counted if item.points < 0)
    return IndicatorScore(indicator, min(indicator.maximum, max(Decimal(0), points)), counted, lost)


def _heading(name: str, scored: Sequence[IndicatorScore]) -> HeadingScore:
    mine = tuple(s for s in scored if s.indicator.heading_zh == name)
    return HeadingScore(
        name,
        mine[0].indicator.heading_en,
        sum((s.points for s in mine), Decimal(0)),
        sum((s.indicator.maximum for s in mine), Decimal(0)),
        mine,
    )


def _grade(total: Decimal, year: int, scored: Sequence[IndicatorScore]) -> tuple[str, str, str]:
    lines = grade_lines(year)
    grade = next((name for name, lowest in lines if total >= lowest), "D")
    for role, worst in (("veto", "D"), ("downgrade", lines[-1][0])):
        hit = next((s for s in scored if s.indicator.role == role and s.counted), None)
        if hit is not None and grade < worst:
            return worst, f"{hit.indicator.zh}，定为 {worst} 级以内", f"{hit.indicator.en}: at most {worst}"
    return grade, "", ""


def _indicator(where: str, row: dict[str, str]) -> Indicator:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", row["max_score"]):
        raise BadRule(f"{where}: max_score is {row['max_score']!r}; write a number")
    heading_zh, heading_en = _two(re.sub(r" ?\([^)]*\)", "", row["level1"]))
    zh, en = _two(row["level2"])
    role = {_BONUS: "bonus", _VETO: "veto", _DOWNGRADE: "downgrade"}.get(heading_zh, "score")
    return Indicator(
        row["key"], heading_zh, heading_en, zh, en, Decimal(row["max_score"]), row["rule"],
        row["automatic"] == "yes", role, Sureness(row["sureness"]), row["provenance"],
    )  # fmt: skip


def _two(text: str) -> tuple[str, str]:
    """``业务管理 Business`` → its Chinese and its English words."""
    zh, _, en = text.partition(" ")
    return zh, en or zh
