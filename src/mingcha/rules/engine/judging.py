"""``judge``: one rule, its inputs, a day and a region to a verdict with its receipt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mingcha.core.citation import Sureness
from mingcha.core.digest import digest
from mingcha.core.errors import BadRule
from mingcha.core.facts import Limit
from mingcha.core.verdicts import Receipt, Result, Verdict
from mingcha.rules.engine.clauses import Document
from mingcha.rules.engine.declare import Outcome, Rule, Said
from mingcha.rules.engine.inputs import plain, read_inputs
from mingcha.rules.engine.law import Law
from mingcha.rules.engine.parameters import Confirmation, ParameterValue
from mingcha.rules.engine.regions import NATIONAL
from mingcha.rules.engine.registry import Registry, standard_registry

NOT_IN_FORCE = Outcome(
    "not_in_force",
    Result.NOT_JUDGED,
    None,
    "未判定：{document} 自 {in_force_from} 起施行，{day} 不适用",
    "Not judged: {document} is in force from {in_force_from} and does not apply on {day}",
)
NO_PARAMETER = Outcome(
    "no_parameter",
    Result.NOT_JUDGED,
    None,
    "未判定：参数 {parameter} 在 {day} 没有生效的数值",
    "Not judged: parameter {parameter} has no value in force on {day}",
)
_LEAST_SURE = (Sureness.DEFAULT, Sureness.DOUBTFUL, Sureness.SECONDARY, Sureness.OFFICIAL)


def judge(
    rule_id: str,
    inputs: Mapping[str, Any],
    *,
    day: date,
    region: str = NATIONAL,
    confirmations: Sequence[Confirmation] = (),
    registry: Registry | None = None,
) -> Verdict:
    """Judge ``inputs`` by the law of ``day`` in ``region``.

    The verdict is provisional when a parameter or limit it rests on is below official, or official
    but never compared with the printed text, and no confirmation covers it.

    Raises:
        NotFound: there is no such rule.
        BadInput: an input is missing, unknown or not of its kind; or the region is not known.
    """
    hearing = _hearing(rule_id, inputs, day, region, registry or standard_registry())
    return hearing.verdict(*hearing.decide(), confirmations)


def judge_levelled(
    rule_id: str,
    inputs: Mapping[str, Any],
    *,
    day: date,
    region: str = NATIONAL,
    confirmations: Sequence[Confirmation] = (),
    registry: Registry | None = None,
) -> Verdict | None:
    """As ``judge``, but None where the verdict carries no level: for the many hours in which nothing is wrong
    no sentence and no receipt is written.
    """
    hearing = _hearing(rule_id, inputs, day, region, registry or standard_registry())
    said, outcome = hearing.decide()
    return None if outcome.level is None else hearing.verdict(said, outcome, confirmations)


def _hearing(
    rule_id: str, inputs: Mapping[str, Any], day: date, region: str, registry: Registry
) -> "_Hearing":
    declared = registry.rule(rule_id)
    found = {name: registry.parameter(name, day, region) for name in declared.params}
    document = registry.documents[declared.standard]
    return _Hearing(declared, document, read_inputs(declared, inputs), found, day, region)


@dataclass(frozen=True, slots=True)
class _Hearing:
    """One judgement: everything the verdict and its receipt are made of."""

    declared: Rule
    document: Document
    inputs: Mapping[str, Any]
    found: Mapping[str, ParameterValue | None]
    day: date
    region: str

    @property
    def used(self) -> dict[str, ParameterValue]:
        return {name: value for name, value in self.found.items() if value is not None}

    def decide(self) -> tuple[Said, Outcome]:
        """The document's and parameters' dates first, then the rule itself."""
        day = self.day.isoformat()
        if not self.document.in_force(self.day):
            since = self.document.in_force_from.isoformat()
            about = {"document": self.document.name, "in_force_from": since, "day": day}
            return Said(NOT_IN_FORCE.code, about), NOT_IN_FORCE
        for name, value in self.found.items():
            if value is None:
                return Said(NO_PARAMETER.code, {"parameter": name, "day": day}), NO_PARAMETER
        short = {name.rpartition(".")[2]: value for name, value in self.used.items()}
        said = self.declared.function(self.inputs, Law(self.day, self.region, short))
        outcome = self.declared.outcome(said.code)
        if outcome is None:
            raise BadRule(
                f"rule {self.declared.id}: said '{said.code}', which it does not declare; add an Outcome"
            )
        return said, outcome

    def verdict(self, said: Said, outcome: Outcome, confirmations: Sequence[Confirmation]) -> Verdict:
        return Verdict(
            outcome.result,
            outcome.code,
            _message(outcome.message_zh, said, self.declared),
            _message(outcome.message_en, said, self.declared),
            outcome.level,
            {name: plain(value) for name, value in said.values.items()},
            self.receipt(said, confirmations),
        )

    def receipt(self, said: Said, confirmations: Sequence[Confirmation]) -> Receipt:
        judged = {name: plain(value) for name, value in self.inputs.items()}
        limits = [value for value in self.inputs.values() if isinstance(value, Limit)]
        open_points = [*_open_parameters(self.used, confirmations), *_open_limits(limits)]
        surenesses = [v.sureness for v in self.used.values()] + [limit.sureness for limit in limits]
        return Receipt(
            rule=self.declared.id,
            version=_version(self.declared, self.used),
            clause=self.declared.cite,
            why_version=self._why(),
            parameters={name: _shown(value, confirmations) for name, value in self.used.items()},
            inputs=judged,
            inputs_sha256=digest(judged),
            steps=(*said.steps, *(f"provisional: {point}" for point in open_points)),
            provisional=bool(open_points),
            sureness=min(surenesses, key=_LEAST_SURE.index, default=Sureness.OFFICIAL),
        )

    def _why(self) -> str:
        parts = [f"{self.document.name} is in force since {self.document.in_force_from}"]
        for value in self.used.values():
            place = f" ({value.region})" if value.region else ""
            parts.append(f"{value.name} = {value.value} since {value.valid_from}{place}")
        return f"on {self.day} in {self.region}: " + "; ".join(parts)


def _open_parameters(
    used: Mapping[str, ParameterValue], confirmations: Sequence[Confirmation]
) -> Iterator[str]:
    for value in used.values():
        if not value.settled and not any(c.covers(value) for c in confirmations):
            yield f"{value.name} ({value.sureness.value}, {value.cite}) waits for confirmation"


def _open_limits(limits: Sequence[Limit]) -> Iterator[str]:
    for limit in limits:
        if limit.sureness is not Sureness.OFFICIAL:
            yield f"limit of {limit.document} {limit.clause} is {limit.sureness.value}"


def _message(template: str, said: Said, declared: Rule) -> str:
    try:
        return template.format(**{name: plain(value) for name, value in said.values.items()})
    except KeyError as error:
        raise BadRule(
            f"rule {declared.id}: message of '{said.code}' needs {error}; add it to values"
        ) from None


def _shown(value: ParameterValue, confirmations: Sequence[Confirmation]) -> dict[str, Any]:
    by = next((c for c in confirmations if c.covers(value)), None)
    confirmed = None if by is None else {"by": by.by, "on": by.on.isoformat(), "text": by.text}
    return {**value.as_json(), "confirmed": confirmed}


def _version(declared: Rule, used: Mapping[str, ParameterValue]) -> str:
    newest = max((value.valid_from for value in used.values()), default=None)
    return declared.version if newest is None else f"{declared.version}@{newest.isoformat()}"
