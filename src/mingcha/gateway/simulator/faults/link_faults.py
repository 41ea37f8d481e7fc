"""What goes wrong in the text of a frame, with the clock and with the link; and what only 2025 has."""

from dataclasses import dataclass
from datetime import timedelta

from mingcha.gateway.simulator.faults.base import Fault

# --- the text of a frame ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NonNumber(Fault):
    """The first factor's values are ``text`` instead of a number."""

    text: str = "NaN"

    def on_items(self, items: list[str]) -> list[str]:
        pairs = [pair.partition("=") for pair in items[0].split(",")]
        spoilt = [f"{name}={value if name.endswith('-Flag') else self.text}" for name, _, value in pairs]
        return [",".join(spoilt), *items[1:]]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownFactor(Fault):
    """A code that is in no table is sent too."""

    code: str = "zz9999"

    def on_items(self, items: list[str]) -> list[str]:
        return [*items, f"{self.code}-Rtd=1.0,{self.code}-Flag=N"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Future(Fault):
    """DataTime lies ``ahead`` of the true time."""

    ahead: timedelta = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPacks(Fault):
    """Frames are sent in ``packs`` packs (拆分包) though one would do."""

    packs: int = 2


# --- the clock and the link ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockDrift(Fault):
    """The logger's clock is ``seconds`` ahead (negative: behind) until somebody sets it."""

    seconds: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut(Fault):
    """The link is down during ``span``; what was due is sent afterwards (2025: RF=1, newest first)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late(Fault):
    """An interval is sent ``delay`` after it ended."""

    delay: timedelta = timedelta(minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Again(Fault):
    """An interval is sent once more, with a new QN, after it was acknowledged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop(Fault):
    """The connection breaks, without a farewell, right after a frame is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm(Fault):
    """The logger closes ``hold_s`` after it connected and comes back at once."""

    hold_s: float = 0.5


# --- what only 2025 has ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption(Fault):
    """No fault: data commands are encrypted with SM4 (2025); the key is in the file of ``--stations``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat(Fault):
    """No fault: a heartbeat (9015) every ``seconds`` (2025, which names no period)."""

    seconds: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OldKey(Fault):
    """No fault: its key was made 90 days ago, so that it asks for a new one (1014); only with encryption (2025)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration(Fault):
    """No fault: the logger begins without MN, registers (1001) and waits for the host to give it one (2025)."""
