"""What a run is told: whom to test, who it is, how long to wait, what may be done to it."""

from dataclasses import dataclass, field
from typing import Literal

from mingcha.protocol.hj212.exchanges import LINKS, RESENDS, TIMEOUT_S

Role = Literal["logger", "host"]  # the peer under test; we play the other one

LINK = LINKS["other"]  # what a logger is set back to when its time-outs were changed
LATE_S = 3600.0  # default: from so long after its interval an upload is a supplement
DRIFT_S = 60.0  # default: more is worth a warning
EXAMPLE_PW = "123456"  # the one the standard prints in its examples


@dataclass(frozen=True, slots=True)
class Settings:
    """Seconds, unless a name says otherwise. Empty ``edition``, ``mn``, ``password``, ``st``: as a logger's first frame has it.

    ``timeout_s``: an answer may take so long. ``result_s``: from one answer of a request to the next. ``wait_s``: for
    a connection, and for uploads the peer sends by itself. ``quiet_s``: silence for so long counts as no answer.
    ``overtime_s``, ``recount``: what 1000 sets while resends are watched. ``control``: password, key, instruments and
    stored parameters may be changed. ``slow``: cases that take minutes.
    """

    tested: Role
    edition: str = ""
    mn: str = ""
    password: str = field(default="", repr=False)
    st: str = ""
    key: bytes | None = field(default=None, repr=False)
    timeout_s: float = TIMEOUT_S
    result_s: float = 60.0
    wait_s: float = 120.0
    quiet_s: float = 3.0
    overtime_s: int = 2
    recount: int = min(2, RESENDS)
    control: bool = False
    slow: bool = False
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
