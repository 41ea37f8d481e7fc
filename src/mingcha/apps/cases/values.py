"""Settings and words of cases that are data, and one line of a timeline."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml

from mingcha.apps.duties.values import calendar
from mingcha.core.clock import beijing_day
from mingcha.core.dated import Dated, load_dated
from mingcha.core.verdicts import Level
from mingcha.core.workdays import Due, due_working_days

FOLDER = Path(__file__).parent
SERIOUS = (Level.SERIOUS.value, Level.URGENT.value)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a case's timeline. ``kind``: move, note, fact. ``who`` is "" where the system acted."""

    at: datetime
    kind: str
    who: str
    text_zh: str
    text_en: str
    finding: str = ""


@cache
def settings() -> dict[str, Dated]:
    return load_dated(FOLDER / "settings.yaml")


@cache
def action_words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    return found


def case_due(level: str, opened_at: datetime) -> Due:
    """Until when a case of ``level`` is to be verified (WF-12)."""
    key = "verify_serious_working_days" if level in SERIOUS else "verify_working_days"
    days = settings()[key].whole(beijing_day(opened_at))
    return due_working_days(opened_at, days, calendar())
