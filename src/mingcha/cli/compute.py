"""Compute for one outlet: hours and days, judgements, clues. Facts come from the register, values are printed."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mingcha.cli.records import django_ready
from mingcha.core.aggregates import DayValue, HourValue, MonthValue
from mingcha.core.clock import BEIJING, beijing, beijing_day, day_start, now
from mingcha.core.clues import Clue
from mingcha.core.errors import MingchaError
from mingcha.core.facts import OutletFacts, Surroundings
from mingcha.core.spans import Span
from mingcha.core.verdicts import Result

if TYPE_CHECKING:
    from mingcha.flow import Judgement
    from mingcha.store.telemetry import Telemetry

F = TypeVar("F", bound=Callable[..., None])


class SpanType(click.ParamType[Span]):
    """``START/END`` or one day; ISO 8601, Beijing time where no zone is given, END not included."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Span:
        if isinstance(value, Span):
            return value
        first, slash, last = str(value).partition("/")
        try:
            start = _moment(first)
            return Span(start, _moment(last) if slash else start + timedelta(days=1))
        except ValueError as error:
            self.fail(f"{value!r}: {error}; expected 2026-11-16, or START/END in ISO 8601", param, ctx)


def _moment(text: str) -> datetime:
    if len(text) == len("2026-11-16"):
        return day_start(date.fromisoformat(text))
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=BEIJING)


def common(function: F) -> F:
    """Options that the three commands share."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--span", type=SpanType(), required=True, help="A day, or START/END (Beijing)."),
        click.option("--outlet", required=True, help="Key of the outlet, USCC/DA001."),
    ):
        function = option(function)
    return function


@click.command()
@common
@click.option("--write", is_flag=True, help="Keep what changed; old versions stay.")
def restate(outlet: str, span: Span, *, as_json: bool, write: bool) -> None:
    """Compute hour and day values from the readings; print them."""
    from mingcha.flow import restate as run

    facts, store = _opened(outlet, span)
    around = _around(store, facts, span)
    found = run(store, facts, span, horizon=now(), surroundings=around)
    if write:
        from mingcha.workers.values import whole_days
        from mingcha.workers.values import write as keep

        done = keep(store, facts, whole_days(span), now(), around)
        click.echo(f"{done.hours} hours, {done.days} days and {done.months} months changed", err=True)
    if as_json:
        _print(
            {
                "hours": [_row(hour) for hour in found.hours],
                "days": [_row(day) for day in found.days],
                "months": [_row(month) for month in found.months],
                "problems": [problem.text for problem in found.problems],
            }
        )
        return
    for problem in found.problems:
        click.echo(problem.text, err=True)
    for hour in found.hours:
        click.echo(_hour_line(hour))
    for day in found.days:
        click.echo(_day_line(day))
    for month in found.months:
        click.echo(_month_line(month))


@click.command()
@common
def judge(outlet: str, span: Span, *, as_json: bool) -> None:
    """Judge the hours of the span; exit code 1 where something exceeds."""
    from mingcha.flow import judge as run
    from mingcha.flow import merge_judgements
    from mingcha.flow import restate as compute

    facts, store = _opened(outlet, span)
    judgements = run(compute(store, facts, span, horizon=now()).hours, facts)
    if as_json:
        _print([_judged(item) for item in judgements])
    else:
        for item in merge_judgements(judgements, region=facts.region):
            level = item.verdict.level.value if item.verdict.level else "-"
            click.echo(f"{_when(item.start, item.end)}  {item.factor:8} {level:8} {item.verdict.message_zh}")
        click.echo(_tally(judgements))
    sys.exit(1 if any(item.verdict.result is Result.EXCEEDED for item in judgements) else 0)


@click.command()
@common
def screen(outlet: str, span: Span, *, as_json: bool) -> None:
    """Look for what seems wrong in the span; exit code 1 where there is a clue."""
    from mingcha.flow import merge_clues
    from mingcha.flow import screen as run

    facts, store = _opened(outlet, span)
    clues = merge_clues(run(store, facts, span))
    if as_json:
        _print([_clue_json(clue) for clue in clues])
    else:
        for clue in clues:
            click.echo(f"{_when(clue.start, clue.end)}  {clue.detector} {clue.score:+.1f} {clue.sentence_zh}")
        click.echo(f"{len(clues)} clues")
    sys.exit(1 if clues else 0)


def _opened(outlet: str, span: Span) -> tuple[OutletFacts, "Telemetry"]:
    """Facts of the last day of the span, and the readings; wrong use ends the command."""
    django_ready()
    from django.db import OperationalError

    from mingcha.apps.marking.facts import outlet_facts
    from mingcha.site import data

    try:
        facts = outlet_facts(outlet, beijing_day(span.end - timedelta(microseconds=1)))
    except MingchaError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except OperationalError as error:
        click.echo(f"the records database cannot be read ({error}); run `mingcha migrate` first", err=True)
        sys.exit(2)
    return facts, data.open_readings()


def _around(store: "Telemetry", facts: OutletFacts, span: Span) -> Surroundings:
    """What happened around the outlet in the whole days of ``span``."""
    from mingcha.site import data
    from mingcha.workers.surroundings import Around
    from mingcha.workers.values import whole_days

    return Around(store, data.data_folder()).of(facts, whole_days(span), now())


def _row(value: HourValue | DayValue | MonthValue) -> dict[str, Any]:
    return {**asdict(value), "start": beijing(value.start).isoformat()}


def _judged(item: "Judgement") -> dict[str, Any]:
    verdict = item.verdict
    return {
        "outlet": item.outlet,
        "factor": item.factor,
        "start": beijing(item.start).isoformat(),
        "end": beijing(item.end).isoformat(),
        "level": verdict.level.value if verdict.level else None,
        **verdict.as_json(),
    }


def _clue_json(clue: Clue) -> dict[str, Any]:
    """The form of design §8."""
    return {
        **asdict(clue),
        "start": beijing(clue.start).isoformat(),
        "end": beijing(clue.end).isoformat(),
        "class": clue.kind,
    }


def _hour_line(hour: HourValue) -> str:
    shown = "-" if hour.mean is None else f"{hour.mean:.3f}"
    converted = "" if hour.converted is None else f"  converted {hour.converted:.3f}"
    start = f"{beijing(hour.start):%Y-%m-%d %H:%M}"
    because = f"  {hour.cause}" if hour.cause else ""
    return f"{start}  {hour.factor:8} {hour.code.value:2} {hour.valid_minutes:2} min  {shown}{converted}{because}"


def _day_line(day: DayValue) -> str:
    shown = "-" if day.mean is None else f"{day.mean:.3f}"
    partial = "  partial" if day.partial else ""
    return f"{beijing(day.start):%Y-%m-%d}        {day.factor:8} {day.valid_hours:2} of {day.running_hours:2} h  {shown}{partial}"


def _month_line(month: MonthValue) -> str:
    shown = "-" if month.mean is None else f"{month.mean:.3f}"
    return f"{beijing(month.start):%Y-%m}           {month.factor:8} {month.valid_days:2} of {month.due_days:2} d  {shown}"


def _when(start: datetime, end: datetime) -> str:
    return f"{beijing(start):%Y-%m-%d %H:%M} – {beijing(end):%m-%d %H:%M}"


def _tally(judgements: Sequence["Judgement"]) -> str:
    counts = {result: sum(j.verdict.result is result for j in judgements) for result in Result}
    return ", ".join(f"{number} {result.value}" for result, number in counts.items())


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
