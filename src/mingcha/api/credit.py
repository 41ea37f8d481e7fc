"""Credit of O&M agencies: scores with every object counted and lost (WF-13)."""

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from mingcha.api.access import viewer
from mingcha.api.shapes import Moment, Named, Year, answers, exact, named
from mingcha.apps.credit import selectors
from mingcha.core.clock import beijing_day, now

router = Router()


class ScoreOut(Schema):
    """Points are text: numbers of the scheme. ``why``: what bounds the grade, a veto or a downgrade."""

    agency: Named | None
    year: int
    total: str
    grade: str
    outlets: int
    why_zh: str
    why_en: str


class ItemOut(Schema):
    """One counted object and what it came from; points that are lost are negative."""

    points: str
    source_kind: str
    source_id: str
    sentence_zh: str
    sentence_en: str
    clause: str
    sureness: str
    created_at: Moment


class IndicatorOut(Schema):
    key: str
    heading_zh: str
    heading_en: str
    zh: str
    en: str
    role: str
    points: str
    maximum: str
    sureness: str
    items: list[ItemOut]


class ScoreWhole(ScoreOut):
    indicators: list[IndicatorOut]


class ScoresOut(Schema):
    year: int
    items: list[ScoreOut]


class ScoreAsked(Schema):
    """``year``: this year where none is given."""

    year: Year | None = None


@router.get("/credit/scores", response=answers(ScoresOut))
def score_list(request: HttpRequest, asked: Query[ScoreAsked]) -> ScoresOut:
    """The agencies I may see, best first."""
    year = _year(asked)
    found = selectors.scores(viewer(request), year)
    return ScoresOut(year=year, items=[ScoreOut(**_score(agency, score)) for agency, score in found])


@router.get("/credit/scores/{uscc}", response=answers(ScoreWhole))
def score(request: HttpRequest, uscc: str, asked: Query[ScoreAsked]) -> ScoreWhole:
    """One agency with every indicator and what was counted for it."""
    user = viewer(request)
    agency = selectors.agency_get(user, uscc)
    found = selectors.score_of(user, agency, _year(asked))
    indicators = [_indicator(part) for heading in found.headings for part in heading.indicators]
    return ScoreWhole(indicators=indicators, **_score(agency, found))


def _year(asked: ScoreAsked) -> int:
    return asked.year or beijing_day(now()).year


def _score(agency: Any, found: Any) -> dict[str, Any]:
    return {
        "agency": named(agency),
        "year": found.year,
        "total": format(found.total, "f"),
        "grade": found.grade,
        "outlets": found.outlets,
        "why_zh": found.why_zh,
        "why_en": found.why_en,
    }


def _indicator(part: Any) -> IndicatorOut:
    said = part.indicator
    return IndicatorOut(
        key=said.key,
        heading_zh=said.heading_zh,
        heading_en=said.heading_en,
        zh=said.zh,
        en=said.en,
        role=said.role,
        points=exact(part.points),
        maximum=exact(said.maximum),
        sureness=said.sureness.value,
        items=[_item(row) for row in part.counted],
    )


def _item(row: Any) -> ItemOut:
    return ItemOut(
        points=exact(row.points),
        source_kind=row.source_kind,
        source_id=row.source_id,
        sentence_zh=row.sentence_zh,
        sentence_en=row.sentence_en,
        clause=row.clause,
        sureness=row.sureness,
        created_at=row.created_at,
    )
