"""Hours to judgements: every rule whose subject is an hour of gas, on every factor that has an hourly limit."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from mingcha.core.aggregates import HourValue
from mingcha.core.clock import beijing_day
from mingcha.core.facts import Limit, Medium, OutletFacts
from mingcha.flow.values import Judgement
from mingcha.rules.engine import Confirmation, Registry, Rule, judge_levelled, standard_registry
from mingcha.rules.engine import judge as judge_rule

SUBJECT = {Medium.GAS: "gas_hour", Medium.WATER: "water_hour"}
_HOUR = timedelta(hours=1)


def judge(
    hours: Iterable[HourValue],
    facts: OutletFacts,
    *,
    confirmations: Sequence[Confirmation] = (),
    registry: Registry | None = None,
    levelled: bool = False,
) -> list[Judgement]:
    """One judgement a rule and hour, whatever its result; by the law of the hour's Beijing day.

    Hours of factors without an hourly limit on that day are left out: there is nothing to judge.
    ``levelled``: give only those that carry a level, which ``merge_judgements`` asks for; much quicker.
    """
    ask = judge_levelled if levelled else judge_rule
    registry = registry or standard_registry()
    rules = [item for item in registry.rules.values() if item.subject == SUBJECT[facts.medium]]
    out: list[Judgement] = []
    for hour in hours:
        day = beijing_day(hour.start)
        limit = facts.limit(hour.factor, "hour", day)
        if limit is None:
            continue
        given = _inputs(hour, facts, limit)
        for item in rules:
            verdict = ask(
                item.id,
                _asked(item, given),
                day=day,
                region=facts.region,
                confirmations=confirmations,
                registry=registry,
            )
            if verdict is not None:
                out.append(
                    Judgement(item.id, hour.outlet, hour.factor, hour.start, hour.start + _HOUR, verdict)
                )
    return out


def _inputs(hour: HourValue, facts: OutletFacts, limit: Limit) -> dict[str, Any]:
    setting = facts.setting(hour.factor, hour.start)
    return {
        "factor": hour.factor,
        "start": hour.start,
        "unit": limit.unit if setting is None else setting.unit,
        "code": hour.code.value,
        "valid_minutes": hour.valid_minutes,
        "mean": hour.mean,
        "converted": hour.converted,
        "minimum": hour.minimum,
        "maximum": hour.maximum,
        "total": hour.total,
        "reported": hour.reported,
        "limit": limit,
    }


def _asked(item: Rule, given: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs this rule declares."""
    return {declared.name: given[declared.name] for declared in item.inputs if declared.name in given}
