"""A published snapshot as a page reads it: the sentence of its last hour, rows by factor, the 24 h picture.

Everything shown comes out of the immutable content; nothing is read beside it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.utils.translation import gettext, ngettext

from mingcha.core.clock import beijing
from mingcha.portals.shared.form_words import english

WIDTH, HEIGHT, BASE = 480, 56, 50  # of one factor's picture; values stand between 4 and BASE
PLAIN = ("N", "Md")
QUIET = ("F",)


@dataclass(frozen=True, slots=True)
class Picture:
    """One factor over the hours: ``bars`` (x, y, width, height, over) one an hour, ``gaps`` (x, width, tone, word)."""

    bars: list[tuple[float, float, float, float, bool]]
    gaps: list[tuple[float, float, str, str]]
    limit_y: float | None


@dataclass(frozen=True, slots=True)
class FactorRow:
    code: str
    name: str
    unit: str
    limit: dict[str, Any] | None
    last: dict[str, Any] | None
    verdict: str
    over: int
    revised: int
    picture: Picture
    hours: list[dict[str, Any]]


def verdict_of(hour: dict[str, Any]) -> str:
    """met, exceeded, not_judged, or no_limit where no hourly limit is in force."""
    return str(hour["verdict"])


def rows(content: dict[str, Any]) -> list[FactorRow]:
    """What has an hourly limit first: that is what a citizen asks about."""
    return sorted(map(_row, content["factors"]), key=lambda row: row.limit is None)


def sentence(content: dict[str, Any]) -> str:
    """``11月23日 14 时：2 项达标；1 项未判定（校准）``: the newest full hour in one sentence."""
    newest = [factor["hours"][-1] for factor in content["factors"] if factor["hours"]]
    last = [hour for hour in newest if verdict_of(hour) != "no_limit"]
    if not newest:
        return gettext("最近 24 小时没有可公布的数据")
    if not last:
        return gettext("没有小时限值，按日均值判定的项目不作小时判定")
    hour = beijing(datetime.fromisoformat(last[0]["start"]))
    when = gettext("%(month)d月%(day)d日 %(hour)d 时") % {
        "month": hour.month,
        "day": hour.day,
        "hour": hour.hour,
    }
    count = {
        state: sum(1 for row in last if verdict_of(row) == state)
        for state in ("met", "exceeded", "not_judged")
    }
    parts = []
    if count["exceeded"]:
        parts.append(ngettext("%(n)d 项超标", "%(n)d 项超标", count["exceeded"]) % {"n": count["exceeded"]})
    if count["met"] == len(last):
        parts.append(gettext("全部达标"))
    elif count["met"]:
        parts.append(ngettext("%(n)d 项达标", "%(n)d 项达标", count["met"]) % {"n": count["met"]})
    if count["not_judged"]:
        parts.append(_not_judged([row for row in last if verdict_of(row) == "not_judged"]))
    return gettext("%(when)s：%(parts)s") % {"when": when, "parts": gettext("；").join(parts)}


def state(content: dict[str, Any]) -> str:
    """The worst verdict of the newest hour among factors with an hourly limit; nothing published: not judged."""
    last = {verdict_of(factor["hours"][-1]) for factor in content["factors"] if factor["hours"]}
    return next(
        (name for name in ("exceeded", "not_judged", "met", "no_limit") if name in last), "not_judged"
    )


def revisions(content: dict[str, Any]) -> int:
    return sum(factor["revised"] for factor in content["factors"])


def marks(content: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(factors, from–to, words) of marked stretches; equal neighbours and equal stretches of factors are one."""
    name = "marks_en" if english() else "marks_zh"
    found: dict[tuple[str, str], list[str]] = {}
    for factor in content["factors"]:
        for words, hours in groupby(factor["hours"], key=lambda hour: tuple(hour[name])):
            stretch = list(hours)
            if words:
                found.setdefault((_stretch(stretch), "、".join(words)), []).append(_name(factor))
    return [("、".join(factors), when, words) for (when, words), factors in found.items()]


def revised_hours(content: dict[str, Any]) -> list[tuple[str, datetime, int]]:
    """(factor, hour, how often) of every revised value."""
    return [
        (_name(factor), datetime.fromisoformat(hour["start"]), hour["revisions"])
        for factor in content["factors"]
        for hour in factor["hours"]
        if hour["revisions"]
    ]


def _row(factor: dict[str, Any]) -> FactorRow:
    hours = factor["hours"]
    return FactorRow(
        code=factor["code"],
        name=_name(factor),
        unit=factor["unit"],
        limit=factor["limit"],
        last=hours[-1] if hours else None,
        verdict=verdict_of(hours[-1]) if hours else "not_judged",
        over=sum(1 for hour in hours if verdict_of(hour) == "exceeded"),
        revised=factor["revised"],
        picture=_picture(hours, factor["limit"]),
        hours=hours,
    )


def _name(factor: dict[str, Any]) -> str:
    return str(factor["name_en"] if english() and factor["name_en"] else factor["name_zh"])


def _not_judged(hours: list[dict[str, Any]]) -> str:
    name = "code_en" if english() else "code_zh"
    whys = dict.fromkeys(hour[name] for hour in hours if hour["code"] != "N")
    tail = gettext("（%(why)s）") % {"why": "、".join(whys)} if whys else ""
    return ngettext("%(n)d 项未判定", "%(n)d 项未判定", len(hours)) % {"n": len(hours)} + tail


def _stretch(hours: list[dict[str, Any]]) -> str:
    first, last = (beijing(datetime.fromisoformat(hour["start"])) for hour in (hours[0], hours[-1]))
    return f"{first:%m-%d %H:00}–{(last.hour + 1):02d}:00"


def _picture(hours: list[dict[str, Any]], limit: dict[str, Any] | None) -> Picture:
    values = [None if hour["value"] is None else Decimal(hour["value"]) for hour in hours]
    overs = [verdict_of(hour) == "exceeded" for hour in hours]
    bound = Decimal(limit["value"]) if limit else None
    top = max(
        [value for value in values if value is not None] + ([bound] if bound else []), default=Decimal(1)
    )
    top = top * Decimal("1.15") or Decimal(1)
    step = WIDTH / max(len(hours), 1)
    return Picture(
        bars=[
            (
                round(step * i + 1.5, 1),
                _y(value, top),
                round(step - 3, 1),
                round(BASE - _y(value, top), 1),
                over,
            )
            for i, (value, over) in enumerate(zip(values, overs, strict=True))
            if value is not None
        ],
        gaps=_gaps(hours, step),
        limit_y=_y(bound, top) if bound is not None else None,
    )


def _y(value: Decimal, top: Decimal) -> float:
    return round(BASE - float(max(value, Decimal(0)) / top) * (BASE - 4), 1)


def _gaps(hours: list[dict[str, Any]], step: float) -> list[tuple[float, float, str, str]]:
    """Stretches without a value, each with the reason the content gives."""
    name = "code_en" if english() else "code_zh"
    found: list[tuple[float, float, str, str]] = []
    place = 0
    for (code, word), group in groupby(
        hours, key=lambda h: ("" if h["value"] is not None else h["code"], h[name])
    ):
        length = len(list(group))
        if code:
            tone = "stop" if code in QUIET else "none" if code in PLAIN else "care"
            found.append((round(place * step, 1), round(length * step, 1), tone, word))
        place += length
    return found
