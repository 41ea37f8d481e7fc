"""Merging: neighbouring hours into one judgement, neighbouring hits of an outlet into one clue."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from mingcha.core.clock import beijing_day
from mingcha.core.clues import Clue
from mingcha.core.digest import digest
from mingcha.core.spans import Span
from mingcha.core.verdicts import Level, Result, Verdict
from mingcha.flow.values import Judgement
from mingcha.rules.engine import Confirmation, ParameterValue, Registry, standard_registry
from mingcha.rules.engine.regions import NATIONAL

CLUE_GAP = timedelta(hours=24)  # screening §10
SECOND_GROUP_WEIGHT = 0.5  # screening §10: score = max + 0.5 · second independent group
SERIOUS_HOURS = "hj_75_2017.serious_hours"
_LEVELS = tuple(Level)


def merge_judgements(
    judgements: Iterable[Judgement],
    *,
    region: str = NATIONAL,
    confirmations: Sequence[Confirmation] = (),
    registry: Registry | None = None,
) -> list[Judgement]:
    """Neighbouring hours of one rule, outlet, factor and result as one; only those that carry a level.

    The group speaks with its gravest hour. From ``serious_hours`` exceeding hours in a row it is at
    least serious (R-EX-5). An hour that is met, not judged or missing ends a row.
    """
    registry = registry or standard_registry()
    levelled = [j for j in judgements if j.verdict.level is not None]
    rows = [
        row
        for _, items in groupby(sorted(levelled, key=_place), key=lambda j: _place(j)[:4])
        for row in _rows(list(items))
    ]
    out = [
        _merged(row, registry.parameter(SERIOUS_HOURS, beijing_day(row[0].start), region), confirmations)
        for row in rows
    ]
    return sorted(out, key=lambda j: (j.start, _place(j)))


def _place(item: Judgement) -> tuple[str, str, str, str, str]:
    return item.outlet, item.factor, item.rule, item.verdict.result.value, item.start.isoformat()


def _rows(items: Sequence[Judgement]) -> list[list[Judgement]]:
    rows: list[list[Judgement]] = []
    for item in items:
        if rows and rows[-1][-1].end == item.start:
            rows[-1].append(item)
        else:
            rows.append([item])
    return rows


def _merged(
    row: Sequence[Judgement], serious: ParameterValue | None, confirmations: Sequence[Confirmation]
) -> Judgement:
    gravest = max(row, key=_gravity)
    verdict = gravest.verdict
    if len(row) > 1:
        verdict = _with_length(verdict, len(row))
    if verdict.result is Result.EXCEEDED and serious is not None and len(row) >= serious.value:
        verdict = _raised(verdict, len(row), serious, confirmations)
    return replace(gravest, start=row[0].start, end=row[-1].end, verdict=verdict, parts=tuple(row))


def _gravity(item: Judgement) -> tuple[int, float]:
    level = item.verdict.level
    return _LEVELS.index(level) if level else -1, float(item.verdict.values.get("value") or 0)


def _with_length(verdict: Verdict, hours: int) -> Verdict:
    return replace(
        verdict,
        message_zh=f"连续 {hours} 小时，其中最重一小时：{verdict.message_zh}",
        message_en=f"{hours} hours in a row, the gravest: {verdict.message_en}",
        values={**verdict.values, "hours": hours},
    )


def _raised(
    verdict: Verdict, hours: int, serious: ParameterValue, confirmations: Sequence[Confirmation]
) -> Verdict:
    level = max(verdict.level or Level.NOTICE, Level.SERIOUS, key=_LEVELS.index)
    receipt = verdict.receipt
    if receipt is not None:
        settled = serious.settled or any(c.covers(serious) for c in confirmations)
        step = f"{hours} exceeding hours in a row, {serious.value} make it serious: {serious.cite}"
        receipt = replace(
            receipt,
            steps=(*receipt.steps, step),
            parameters={**receipt.parameters, serious.name: serious.as_json()},
            provisional=receipt.provisional or not settled,
        )
    return replace(verdict, level=level, receipt=receipt)


def merge_clues(clues: Iterable[Clue], *, gap: timedelta = CLUE_GAP) -> list[Clue]:
    """Hits of one outlet that lie ``gap`` or less apart as one clue (screening §10).

    The score is the best plus half of the best of another detector; the level is the gravest of the
    parts, which stay in ``stats["merged"]``.
    """
    out: list[Clue] = []
    for _, items in groupby(sorted(clues, key=lambda c: (c.outlet, c.start)), key=lambda c: c.outlet):
        group: list[Clue] = []
        for item in items:
            if group and item.start - max(c.end for c in group) > gap:
                out.append(_clue(group))
                group = []
            group.append(item)
        out.append(_clue(group))
    return out


def _clue(group: Sequence[Clue]) -> Clue:
    if len(group) == 1:
        return group[0]
    best = max(group, key=lambda c: c.score)
    second = max((c.score for c in group if c.detector != best.detector), default=0.0)
    span = Span(min(c.start for c in group), max(c.end for c in group))
    factors = {c.factor for c in group}
    return replace(
        best,
        factor=best.factor if len(factors) == 1 else None,
        start=span.start,
        end=span.end,
        score=best.score + SECOND_GROUP_WEIGHT * max(second, 0.0),
        level=max((c.level for c in group), key=_LEVELS.index),
        sentence_zh="；".join(c.sentence_zh for c in group),
        sentence_en="; ".join(c.sentence_en for c in group),
        stats={**best.stats, "merged": [_part(c) for c in group]},
        hypotheses=tuple(dict.fromkeys(h for c in group for h in c.hypotheses)),
        excluded=tuple(dict.fromkeys(text for c in group for text in c.excluded)),
        inputs_sha256=digest([c.inputs_sha256 for c in group]),
    )


def _part(clue: Clue) -> dict[str, object]:
    return {
        "detector": clue.detector,
        "factor": clue.factor,
        "start": clue.start.isoformat(),
        "end": clue.end.isoformat(),
        "score": clue.score,
        "sentence_zh": clue.sentence_zh,
    }
