"""What the ``validation`` of a field says, read into rules. What is not of these sentences stays a note.

==========================================  ========================================================
``computed=EXPRESSION``                      the platform computes it, see expressions.py
``computed ...``, ``copied from ...``         the platform gives it
``> other``, ``>= other``                     later or more than another field
``> 0``, ``a..b``                            outside is a slip of the pen: refused
``<= N``, ``absolute value <= N``,           outside is a fact: judged, never refused
``within ±N``, ``other within ±N``,
``absolute value over N flagged``,
``within N h of other, else flagged``
``at least N``, ``at most N``                 entries of a list
``at least N characters``, ``max N characters``
``required when other is choice``, ``required when choice``, ``required when any item is abnormal``
``not in the future``
==========================================  ========================================================
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from mingcha.apps.maintenance.forms.expressions import Expression, parse
from mingcha.core.errors import BadRule


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a field. Which attributes count depends on ``kind``."""

    kind: str
    other: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    word: str = ""
    expression: Expression | None = None

    @property
    def gives(self) -> bool:
        """Whether the platform fills the field in."""
        return self.kind in ("computed", "given", "qualifies")


_N = r"(-?[0-9]+(?:\.[0-9]+)?)"
Reader = Callable[[re.Match[str]], Rule]
_FORMS: tuple[tuple[str, Reader], ...] = (
    (r"computed ?= ?(.+)", lambda m: Rule("computed", expression=parse(m[1]))),
    (r"computed.*|copied from the register; read-only|server clock.*", lambda m: Rule("given")),
    (r"> ?([a-z_]\w*)", lambda m: Rule("after", other=m[1], word=">")),
    (r">= ?([a-z_]\w*)", lambda m: Rule("after", other=m[1], word=">=")),
    (rf"> ?{_N}", lambda m: Rule("more", low=Decimal(m[1]))),
    (rf"{_N}\.\.{_N}", lambda m: Rule("range", low=Decimal(m[1]), high=Decimal(m[2]))),
    (rf"<= ?{_N}", lambda m: Rule("band", high=Decimal(m[1]))),
    (
        rf"absolute value (?:<=|over) ?{_N}(?: flagged)?",
        lambda m: Rule("band", low=-Decimal(m[1]), high=Decimal(m[1])),
    ),
    (rf"within ±{_N}(?: %)?", lambda m: Rule("band", low=-Decimal(m[1]), high=Decimal(m[1]))),
    (rf"([a-z_]\w*) within ±{_N}(?: %)?", lambda m: Rule("qualifies", m[1], -Decimal(m[2]), Decimal(m[2]))),
    (rf"within {_N} h of ([a-z_]\w*), else flagged", lambda m: Rule("hours", other=m[2], high=Decimal(m[1]))),
    (r"at least (one|[0-9]+)", lambda m: Rule("count", low=Decimal(1 if m[1] == "one" else m[1]))),
    (rf"at most {_N}", lambda m: Rule("count", high=Decimal(m[1]))),
    (rf"at least {_N} characters", lambda m: Rule("letters", low=Decimal(m[1]))),
    (rf"max {_N} characters", lambda m: Rule("letters", high=Decimal(m[1]))),
    (r"required when ([a-z_]\w*) is (\w+)", lambda m: Rule("required_when", other=m[1], word=m[2])),
    (r"required when any item is (\w+)", lambda m: Rule("required_when_any", word=m[1])),
    (r"required when (\w+)", lambda m: Rule("required_when", word=m[1])),
    (r"not in the future", lambda m: Rule("not_future")),
)
_READERS = [(re.compile(pattern), read) for pattern, read in _FORMS]
# Rules whose other field must exist beside the field.
_NAMING = ("after", "qualifies", "hours", "required_when")


def read_rules(
    where: str, entry: dict[str, Any], siblings: list[dict[str, Any]]
) -> tuple[tuple[Rule, ...], str]:
    """The rules of one field, and what stays prose.

    Raises:
        BadRule: a rule names a field or choice that is not there, or an expression is wrong.
    """
    rules: list[Rule] = []
    notes: list[str] = []
    for sentence in _sentences(str(entry.get("validation", ""))):
        rule = _read(where, sentence)
        if rule is None:
            notes.append(sentence)
        else:
            rules.append(_resolved(where, rule, siblings))
    return tuple(rules), "; ".join(notes)


def _sentences(text: str) -> list[str]:
    """Cut at ``;``. What is given by the platform is given whole."""
    if text.startswith(("computed", "copied", "server clock")):
        return [text]
    return [part.strip() for part in text.split(";") if part.strip()]


def _read(where: str, sentence: str) -> Rule | None:
    for pattern, read in _READERS:
        match = pattern.fullmatch(sentence)
        if match:
            try:
                return read(match)
            except BadRule as error:
                raise BadRule(f"{where}.validation: {error}") from None
    return None


def _resolved(where: str, rule: Rule, siblings: list[dict[str, Any]]) -> Rule:
    keys = {sibling.get("key"): sibling for sibling in siblings}
    if rule.kind == "required_when" and not rule.other:
        holders = [key for key, sibling in keys.items() if rule.word in (sibling.get("choices") or ())]
        if len(holders) != 1:
            raise BadRule(
                f"{where}.validation: {len(holders)} fields offer {rule.word!r}; write 'required when FIELD is {rule.word}'"
            )
        return Rule(rule.kind, other=str(holders[0]), word=rule.word)
    named = (
        set(rule.expression.names) if rule.expression else ({rule.other} if rule.kind in _NAMING else set())
    )
    unknown = sorted(named - set(keys))
    if unknown:
        raise BadRule(
            f"{where}.validation: there is no field {', '.join(unknown)} beside it; name one of its siblings"
        )
    return rule
