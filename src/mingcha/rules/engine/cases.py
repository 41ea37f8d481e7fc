"""Cases of rules as data: each case's name is a sentence, the tests run them all.

A file holds ``rule``, ``given`` (inputs all cases share) and the cases. A case has ``day``, ``expect``
(a result), and optionally ``outcome`` (its code), ``level``, ``region``; every other key is an input.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from mingcha.core.errors import BadRule
from mingcha.core.verdicts import Result, Verdict
from mingcha.rules.engine.judging import judge
from mingcha.rules.engine.reading import read_date, read_mapping, read_text, read_yaml
from mingcha.rules.engine.regions import NATIONAL
from mingcha.rules.engine.registry import Registry

_OF_THE_CASE = {"day", "expect", "outcome", "level", "region"}


@dataclass(frozen=True, slots=True)
class Case:
    path: Path
    name: str
    rule: str
    day: date
    region: str
    inputs: Mapping[str, Any]
    expect: Result
    outcome: str | None
    level: str | None

    def judged(self, registry: Registry) -> Verdict:
        return judge(self.rule, self.inputs, day=self.day, region=self.region, registry=registry)


def load_cases(registry: Registry) -> list[Case]:
    """Every case of every folder.

    Raises:
        BadRule: a file is wrong, or names a rule that does not exist.
    """
    return [
        case for path in sorted(registry.folder.glob("*/cases/*.yaml")) for case in _cases(path, registry)
    ]


def _cases(path: Path, registry: Registry) -> Iterator[Case]:
    found = read_yaml(path)
    if "rule" not in found:
        raise BadRule(f"{path}: key 'rule' is missing; name the rule the cases are for")
    rule_id = read_text(path, "rule", found.pop("rule"))
    if rule_id not in registry.rules:
        raise BadRule(f"{path}: key 'rule' names '{rule_id}', which is not loaded; mend the id")
    given = read_mapping(path, "given", found.pop("given", {}))
    for name, body in found.items():
        yield _case(path, name, rule_id, given, read_mapping(path, name, body))


def _case(path: Path, name: str, rule_id: str, given: Mapping[str, Any], body: Mapping[str, Any]) -> Case:
    expect = body.get("expect")
    if expect not in set(Result):
        raise BadRule(f"{path}: key '{name}.expect' holds {expect!r}; expected {', '.join(Result)}")
    inputs = {key: value for key, value in {**given, **body}.items() if key not in _OF_THE_CASE}
    return Case(
        path,
        name,
        rule_id,
        read_date(path, f"{name}.day", body.get("day")),
        str(body.get("region", NATIONAL)),
        inputs,
        Result(expect),
        body.get("outcome"),
        body.get("level"),
    )
