"""How each case is provoked and judged. One function a kind of case, in one table."""

from collections.abc import Awaitable, Callable

from mingcha.gateway.conformance.judges import (
    acknowledging,
    answering,
    carrying,
    ciphering,
    framing,
    resending,
    setting,
    watching,
)
from mingcha.gateway.conformance.outcomes import Verdict
from mingcha.gateway.conformance.stage import Stage
from mingcha.gateway.conformance.table import Case

Judge = Callable[[Stage, Case], Awaitable[Verdict]]

JUDGES: dict[str, Judge] = {
    **framing.JUDGES, **resending.JUDGES, **carrying.JUDGES, **setting.JUDGES, **ciphering.JUDGES,
    **acknowledging.JUDGES, **answering.JUDGES, **watching.JUDGES,
}  # fmt: skip

__all__ = ["JUDGES", "Judge"]
