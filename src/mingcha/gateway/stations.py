"""What the gateway needs to know of a registered data logger; values handed in by the command line."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Station:
    """``sts``: system codes it may send (empty = any). A wrong password is reported, or refused where
    ``reject_bad_password``.
    """

    mn: str
    password: str
    outlet: str
    sts: tuple[str, ...] = ()
    reject_bad_password: bool = False


Stations = Callable[[str], Station | None]
