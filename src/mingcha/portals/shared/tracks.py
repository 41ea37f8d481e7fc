"""The rows below a chart: stretches of flags, marks, visits … each with its word."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import numpy as np
from django.utils.translation import gettext
from numpy.typing import NDArray

from mingcha.core.clock import from_epoch, to_epoch
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.gaps import Gap
from mingcha.flow.reading import Line
from mingcha.portals.shared import badges, causes

MOST = 400  # items of a row; more are told together, a pixel at a time
PIXELS = 480
# What is told of several stretches in one pixel: the gravest.
GRAVITY = ("breach", "suspicion", "grace", "mark", "notice", "none", "good")


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of a track. ``tone`` of badges; ``url`` "" where there is nothing to open; ``pattern`` of causes."""

    start: datetime
    end: datetime
    tone: str
    word: str
    url: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    name: str
    items: tuple[Item, ...]


def track(name: str, items: Iterable[Item], span: Span) -> Track:
    """A row of what lies in ``span``, cut to it and told together where it is too much to draw."""
    inside = [
        Item(max(i.start, span.start), min(i.end, span.end), i.tone, i.word, i.url, i.pattern)
        for i in items
        if i.start < span.end and span.start < i.end
    ]
    return Track(name, tuple(_condensed(inside, span) if len(inside) > MOST else inside))


def _condensed(items: Sequence[Item], span: Span) -> Iterator[Item]:
    width = max(1.0, span.length.total_seconds() / PIXELS)

    def pixel(item: Item) -> int:
        return int((item.start - span.start).total_seconds() // width)

    for _, group in groupby(sorted(items, key=lambda item: item.start), key=pixel):
        held = list(group)
        worst = min(held, key=lambda item: GRAVITY.index(item.tone) if item.tone in GRAVITY else len(GRAVITY))
        if len(held) == 1:
            yield worst
            continue
        word = gettext("%(word)s 等 %(n)d 段") % {"word": worst.word, "n": len(held)}
        yield Item(held[0].start, max(item.end for item in held), worst.tone, word)


def flag_track(line: Line, span: Span, name: str = "") -> Track:
    """Runs of one data flag."""
    looks = {flag: _flag_look(flag) for flag in dict.fromkeys(line.flags)}
    numbers = {flag: number for number, flag in enumerate(looks)}
    groups = np.array([numbers[flag] for flag in line.flags], dtype=np.int64)
    items = [
        Item(from_epoch(start), from_epoch(end), *looks[line.flags[place]])
        for place, start, end in _runs(line.times, groups, line.step_s)
    ]
    return track(f"{gettext('数据标识')} {name}".strip(), items, span)


def _flag_look(flag: str) -> tuple[str, str]:
    """(tone, word)."""
    known = badges.BADGES["flag"].get(flag)
    return (known.tone, gettext(known.word)) if known else ("none", flag or gettext("无标识"))


def _runs(times: NDArray[np.int64], groups: NDArray[np.int64], step_s: int) -> Iterator[tuple[int, int, int]]:
    """(first place, start, end) of each run of one group without a pause; each record lasts one step."""
    if not len(times):
        return
    pause = np.diff(times) - step_s > step_s * (reading.GAP - 1)
    firsts = np.concatenate(([0], np.flatnonzero(pause | (np.diff(groups) != 0)) + 1))
    lasts = np.append(firsts[1:] - 1, len(times) - 1)
    yield from zip(firsts.tolist(), times[firsts].tolist(), (times[lasts] + step_s).tolist(), strict=True)


def gap_track(gaps: Sequence[Gap], name: str) -> Track:
    """The gaps of one factor among several."""
    looks = [(gap.span, causes.look(gap.cause), causes.cause_word(gap.cause)) for gap in gaps]
    items = tuple(Item(s.start, s.end, look.tone, word, "", look.pattern) for s, look, word in looks)
    return Track(f"{gettext('缺口')} {name}", items)


def place_track(name: str, word: str, tone: str, line: Line, places: Iterable[int], span: Span) -> Track:
    """Runs of single values: those with several versions, those that came late."""
    times = line.times[sorted(places)]
    items = [
        Item(from_epoch(start), from_epoch(end), tone, f"{word} ×{round((end - start) / line.step_s)}")
        for _, start, end in _runs(times, np.zeros(len(times), dtype=np.int64), line.step_s)
    ]
    return track(name, items, span)


def shifted(moment: datetime) -> int:
    """Beijing wall-clock milliseconds (UTC + 8 h), so that any browser shows Beijing."""
    return (to_epoch(moment) + reading.BEIJING_S) * 1000
