"""Plays the host against a real data logger, or a logger against a real host, and judges every exchange.

``cases.yaml`` what must hold · ``judges`` how it is provoked · ``runner`` the run · ``report`` what is told of it.
"""

from mingcha.gateway.conformance.log import Gone, Log, Seen
from mingcha.gateway.conformance.outcomes import Outcome, Result, Verdict
from mingcha.gateway.conformance.runner import Run, Runner
from mingcha.gateway.conformance.settings import Role, Settings
from mingcha.gateway.conformance.table import Case, cases, chosen

__all__ = [
    "Case", "Gone", "Log", "Outcome", "Result", "Role", "Run", "Runner", "Seen", "Settings", "Verdict", "cases", "chosen",
]  # fmt: skip
