"""Law as data on the command line: list rules, show one, judge by it, see what is covered."""

import json
import sys
from datetime import date, datetime
from typing import Any, NoReturn, TextIO

import click

from mingcha.core.clock import beijing_day, now
from mingcha.core.errors import BadInput, NotFound
from mingcha.core.verdicts import Result
from mingcha.rules.engine import Rule, standard_registry
from mingcha.rules.engine import judge as judge_rule
from mingcha.rules.engine.coverage import counts, coverage
from mingcha.rules.engine.parameters import Parameter
from mingcha.rules.engine.regions import NATIONAL

DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def rules() -> None:
    """The law as data: rules, dated parameters, judgements, coverage."""


@rules.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_rules(*, as_json: bool) -> None:
    """Every rule: id, clause, title."""
    found = [standard_registry().rules[name] for name in sorted(standard_registry().rules)]
    if as_json:
        _print([_head(item) for item in found])
        return
    for item in found:
        click.echo(f"{item.id:24} {item.cite:28} {item.title_zh}")


@rules.command("show")
@click.argument("rule_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_rule(rule_id: str, *, as_json: bool) -> None:
    """One rule: inputs, parameters by date, outcomes."""
    item = _rule(rule_id)
    parameters = [standard_registry().parameters[name] for name in item.params]
    if as_json:
        _print({**_head(item), **_body(item), "parameters": {p.name: _dated(p) for p in parameters}})
        return
    click.echo(f"{item.id}  {item.title_zh} / {item.title_en}\n{item.cite}  (version {item.version})")
    click.echo("inputs:")
    for given in item.inputs:
        click.echo(f"  {given.name:16} {given.kind:8} {given.title}{'' if given.required else ' (optional)'}")
    click.echo("parameters:")
    for parameter in parameters:
        for value in parameter.values.values():
            click.echo(f"  {value.name} = {value.value} {value.unit} since {value.valid_from}")
            click.echo(f"      {value.cite}  [{value.sureness.value}]")
    click.echo("outcomes:")
    for outcome in item.outcomes:
        level = outcome.level.value if outcome.level else "-"
        click.echo(f"  {outcome.code:18} {outcome.result.value:11} {level:8} {outcome.message_zh}")


@rules.command("judge")
@click.argument("rule_id", metavar="ID")
@click.option(
    "--input", "source", type=click.File("r", encoding="utf-8"), required=True, help="JSON object, - = stdin."
)
@click.option("--day", type=DAY, help="Law of this day; default: the day of 'start', else today (Beijing).")
@click.option("--region", default=NATIONAL, show_default=True, help="Region profile.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def judge_input(rule_id: str, source: TextIO, day: Any, region: str, *, as_json: bool) -> None:
    """Judge one input; exit code 1 unless the rule is met."""
    item = _rule(rule_id)
    given = _object(source)
    on = day.date() if day is not None else _day_of(given)
    try:
        verdict = judge_rule(item.id, given, day=on, region=region)
    except BadInput as error:
        _wrong("\n".join(f"{name}: {sentence}" for name, sentence in error.problems.items()))
    if as_json:
        receipt = verdict.receipt
        steps = list(receipt.steps) if receipt else []
        inputs = receipt.inputs if receipt else {}
        _print({**verdict.as_json(), "level": verdict.level, "steps": steps, "inputs": inputs})
    else:
        click.echo(f"{verdict.result.value} ({verdict.code})  {verdict.message_zh}\n{verdict.message_en}")
        for step in verdict.receipt.steps if verdict.receipt else ():
            click.echo(f"  {step}")
        if verdict.receipt:
            click.echo(f"  {verdict.receipt.why_version}")
    sys.exit(0 if verdict.result is Result.MET else 1)


@rules.command("coverage")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_coverage(*, as_json: bool) -> None:
    """Every clause the documents name: done, to do, exempt."""
    registry = standard_registry()
    if as_json:
        clauses = [
            {
                "document": item.document,
                "key": item.clause.key,
                "clause": item.clause.clause,
                "title": item.clause.title,
                "status": item.clause.status.value,
                "text_seen": item.clause.text_seen,
                "sureness": item.clause.sureness.value,
                "comment": item.clause.comment,
                "by": list(item.clause.by),
                "rules": list(item.rules),
            }
            for item in coverage(registry)
        ]
        _print({"counts": counts(registry), "clauses": clauses})
        return
    for item in coverage(registry):
        seen = "read" if item.clause.text_seen else "not read"
        click.echo(
            f"{item.clause.status.value:7} {item.document} {item.clause.key:14} {seen:9} {item.clause.title}"
        )
    click.echo(", ".join(f"{number} {status}" for status, number in counts(registry).items()))


def _rule(rule_id: str) -> Rule:
    try:
        return standard_registry().rule(rule_id)
    except NotFound as error:
        _wrong(str(error))


def _wrong(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(2)


def _object(source: TextIO) -> dict[str, Any]:
    try:
        found = json.load(source, parse_float=str)
    except json.JSONDecodeError as error:
        _wrong(f"input is no JSON ({error}); expected one object with the inputs of the rule")
    if not isinstance(found, dict):
        _wrong(f"input is a JSON {type(found).__name__}; expected one object with the inputs of the rule")
    return found


def _day_of(given: dict[str, Any]) -> date:
    try:
        return beijing_day(datetime.fromisoformat(str(given["start"])))
    except (KeyError, ValueError):
        return beijing_day(now())


def _head(item: Rule) -> dict[str, Any]:
    return {
        "id": item.id,
        "title_zh": item.title_zh,
        "title_en": item.title_en,
        "cite": item.cite,
        "clause": item.clause,
        "standard": item.standard,
        "version": item.version,
        "subject": item.subject,
    }


def _body(item: Rule) -> dict[str, Any]:
    return {
        "inputs": [
            {"name": i.name, "kind": i.kind, "title": i.title, "required": i.required} for i in item.inputs
        ],
        "outcomes": [
            {
                "code": o.code,
                "result": o.result.value,
                "level": o.level.value if o.level else None,
                "message_zh": o.message_zh,
                "message_en": o.message_en,
            }
            for o in item.outcomes
        ],
    }


def _dated(parameter: Parameter) -> list[dict[str, Any]]:
    return [value.as_json() for value in parameter.values.values()]


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
