"""What the gateway needs to know of a registered data logger; values handed in by the command line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mingcha.protocol.hj212 import PLAIN, Decoding

REFUSE, IGNORE = "reject", "ignore"  # what Dialect.password says of a wrong one; the third is "warn"
Step = tuple[str, Mapping[str, Any]]  # a command's name and its values


@dataclass(frozen=True, slots=True)
class Station:
    """``sts``: system codes it may send (empty = any). A wrong password is reported, or refused where
    ``reject_bad_password`` or the dialect says so; ``other_passwords`` are right as well while one is being changed.

    ``decoding``: dialect and keys in force now. ``edition``: the one it shall speak, None = any. ``contact``: what it is
    to be told when it comes (settings of the register); ``first_contact``: the steps still due. ``overtime_s``
    and ``recount``: of its link, None = the policy's.
    """

    mn: str
    password: str = field(repr=False)
    outlet: str
    sts: tuple[str, ...] = ()
    reject_bad_password: bool = False
    other_passwords: tuple[str, ...] = field(default=(), repr=False)
    decoding: Decoding = PLAIN
    edition: str | None = None
    contact: Mapping[str, Any] = field(default_factory=dict, hash=False)
    first_contact: tuple[Step, ...] = field(default=(), hash=False)
    overtime_s: float | None = None
    recount: int | None = None

    def knows(self, password: str) -> bool:
        """Whether ``password`` may stand in its frames."""
        return not self.password or password == self.password or password in self.other_passwords

    @property
    def refuses_bad_password(self) -> bool:
        return self.reject_bad_password or self.decoding.dialect.password == REFUSE


Stations = Callable[[str], Station | None]
