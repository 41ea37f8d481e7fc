"""Every case of every rule file, run as a test named by its sentence; and every outcome has its case."""

import pytest

from mingcha.rules.engine import standard_registry
from mingcha.rules.engine.cases import load_cases

REGISTRY = standard_registry()
CASES = load_cases(REGISTRY)
# Said by the engine itself or only reachable through the calendar of the document.
ENGINE_CODES = {"not_in_force", "no_parameter"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule}:{case.name}")
def test_case(case):
    verdict = case.judged(REGISTRY)
    assert verdict.result is case.expect
    if case.outcome is not None:
        assert verdict.code == case.outcome
    if case.level is not None:
        assert verdict.level == case.level
    assert verdict.message_zh
    assert verdict.message_en
    assert "{" not in verdict.message_zh + verdict.message_en


@pytest.mark.parametrize("rule_id", sorted(REGISTRY.rules))
def test_every_rule_has_a_met_an_exceeded_and_a_not_judged_case(rule_id):
    assert {case.expect.value for case in CASES if case.rule == rule_id} == {"met", "exceeded", "not_judged"}


@pytest.mark.parametrize("rule_id", sorted(REGISTRY.rules))
def test_every_outcome_a_rule_declares_is_reached_by_a_case(rule_id):
    reached = {case.judged(REGISTRY).code for case in CASES if case.rule == rule_id}
    declared = {outcome.code for outcome in REGISTRY.rules[rule_id].outcomes}
    assert declared == reached - ENGINE_CODES


def test_the_names_of_cases_are_sentences():
    assert all(case.name.count("_") >= 2 for case in CASES)
