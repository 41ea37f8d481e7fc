"""The engine: loads rules and dated parameters, judges, and gives every verdict a receipt."""

from mingcha.rules.engine.declare import Input, Outcome, Rule, Said, rule
from mingcha.rules.engine.judging import judge, judge_levelled
from mingcha.rules.engine.law import Law
from mingcha.rules.engine.parameters import Confirmation, Parameter, ParameterValue
from mingcha.rules.engine.registry import Registry, load_all, standard_registry

__all__ = [
    "Confirmation",
    "Input",
    "Law",
    "Outcome",
    "Parameter",
    "ParameterValue",
    "Registry",
    "Rule",
    "Said",
    "judge",
    "judge_levelled",
    "load_all",
    "rule",
    "standard_registry",
]
