"""How a rule is written down: ``@rule`` over one function, its inputs and its outcomes beside it.

The decorator only attaches the declaration; ``registry`` finds it. So a rule file has no effect
until it is loaded, and two registries never disturb each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from mingcha.core.verdicts import Level, Result

if TYPE_CHECKING:
    from mingcha.rules.engine.law import Law

KINDS = ("text", "number", "integer", "time", "limit")


@dataclass(frozen=True, slots=True)
class Input:
    """One value a rule judges. ``kind``: text, number (Decimal), integer, time (ISO 8601 with zone) or
    limit (``core.facts.Limit``). An input that is not ``required`` may be missing or None.
    """

    name: str
    kind: str
    title: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing a rule can say. The messages are templates over ``Said.values``."""

    code: str
    result: Result
    level: Level | None
    message_zh: str
    message_en: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the function found: the code of an outcome, values for its message, and how it came there."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()


Judge = Callable[[Mapping[str, Any], "Law"], Said]


@dataclass(frozen=True, slots=True)
class Rule:
    """A declared rule. ``standard``: the folder it lives in, set when loaded. ``version`` changes when
    the meaning of the function does; parameters carry their own dates.
    """

    id: str
    title_zh: str
    title_en: str
    cite: str
    clause: str
    version: str
    inputs: tuple[Input, ...]
    params: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    function: Judge
    subject: str = ""
    standard: str = ""

    def outcome(self, code: str) -> Outcome | None:
        return next((o for o in self.outcomes if o.code == code), None)


F = TypeVar("F", bound=Judge)
MARK = "__mingcha_rule__"


def rule(
    *,
    id: str,  # noqa: A002 - the word of the law library, as in style.md
    title_zh: str,
    title_en: str,
    cite: str,
    clause: str,
    inputs: tuple[Input, ...],
    outcomes: tuple[Outcome, ...],
    params: tuple[str, ...] = (),
    version: str = "1",
    subject: str = "",
) -> Callable[[F], F]:
    """Declare the function below as a rule.

    ``clause`` is the key in the folder's ``clauses.yaml``; ``params`` are files of its ``params``
    (``name``) or of another folder (``folder.name``). ``subject`` says what ``flow`` judges by it:
    ``gas_hour``, ``water_hour``, or "" for a rule that is only asked by name.
    """

    def attach(function: F) -> F:
        declared = Rule(
            id, title_zh, title_en, cite, clause, version, inputs, params, outcomes, function, subject
        )
        setattr(function, MARK, declared)
        return function

    return attach
