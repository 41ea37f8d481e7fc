"""What a rule may ask of the law while it judges: its parameters on the day, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mingcha.rules.engine.parameters import ParameterValue


@dataclass(frozen=True, slots=True)
class Law:
    """The parameters of one rule on one day in one region."""

    day: date
    region: str
    values: Mapping[str, ParameterValue]

    def __getitem__(self, name: str) -> Decimal:
        """The number of a declared parameter, by the name it was declared with."""
        return self.values[name].value
