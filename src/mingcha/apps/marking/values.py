"""Settings and items of marks that are data."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import yaml

from mingcha.core.clock import beijing_day, day_start
from mingcha.core.dated import Dated, load_dated

FOLDER = Path(__file__).parent


@cache
def settings() -> dict[str, Dated]:
    return load_dated(FOLDER / "settings.yaml")


@cache
def items() -> dict[str, dict[str, str]]:
    """Item → its words and class: equipment, transmission, operating."""
    found: dict[str, dict[str, str]] = yaml.safe_load((FOLDER / "items.yaml").read_text(encoding="utf-8"))
    return found


def mark_deadline(start: datetime) -> datetime:
    """Until when the Beijing day of ``start`` can be marked in time: noon of the next day (R-MK-3)."""
    day = beijing_day(start)
    return day_start(day + timedelta(days=1)) + timedelta(hours=settings()["mark_deadline_hour"].whole(day))
