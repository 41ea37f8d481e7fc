"""Another host to which we forward; values handed in by the command line, as stations are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mingcha.core.errors import BadInput
from mingcha.protocol.hj212.editions import EDITIONS

SM4_KEY_BYTES = 16
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Identity:
    """How a station is called at the target; "" = as it calls itself (``mn``), as the target says (``password``)."""

    mn: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One host to forward to. Numbers are defaults of ours: HJ 212 gives none for hosts that forward.

    ``key`` names its queue on the disk: whoever changes it begins a new one. Empty filters let all pass; ``cns``
    empty: all data uploads. ``stations`` holds our MNs, ``identities`` our MN → how it is called there.
    ``since``: where a target that is new begins; None = with what comes in from now on.
    """

    key: str
    host: str
    port: int
    edition: str
    password: str = field(default="", repr=False)  # "" = as received
    identities: Mapping[str, Identity] = field(default_factory=dict, repr=False, hash=False)
    stations: tuple[str, ...] = ()
    sts: tuple[str, ...] = ()
    cns: tuple[str, ...] = ()
    sm4_key: bytes = field(
        default=b"", repr=False
    )  # 16 bytes where the target wants SM4 (2025 only); b"" = plain
    tls: bool = False
    tls_ca: str = ""  # PEM of the authority; "" = those of the system
    tls_name: str = ""  # name in its certificate; "" = host
    since: datetime | None = None
    timeout_s: float = 10.0  # waits for 9014 so long, HJ 212-2017: all links but ADSL
    resends: int = 3
    window: int = 32  # frames sent and not yet answered
    frames_per_s: float = 200.0  # most, so that catching up takes nothing from reception
    late_s: float = 600.0  # older than so when sent: RF=1 where the edition is 2025; 0 = never marked

    def __post_init__(self) -> None:
        problems = dict(self._problems())
        if problems:
            raise BadInput(problems)

    def _problems(self) -> list[tuple[str, str]]:
        checks = [
            (
                "key",
                _KEY.fullmatch(self.key) is None,
                f"{self.key!r}: expected up to 40 of a–z, 0–9, - and _, not beginning with - or _",
            ),
            ("host", not self.host, "is empty; give a name or an address"),
            ("port", not 1 <= self.port <= 65535, f"{self.port}: expected 1 to 65535"),
            (
                "edition",
                self.edition not in EDITIONS,
                f"{self.edition!r}: expected one of {', '.join(EDITIONS)}",
            ),
            (
                "sm4_key",
                len(self.sm4_key) not in (0, SM4_KEY_BYTES),
                f"{len(self.sm4_key)} bytes; SM4 has {SM4_KEY_BYTES}",
            ),
            (
                "sm4_key",
                bool(self.sm4_key) and self.edition != "2025",
                f"SM4 came with 2025; the target speaks {self.edition}",
            ),
            ("timeout_s", self.timeout_s <= 0, f"{self.timeout_s}: expected more than 0 seconds"),
            ("resends", self.resends < 0, f"{self.resends}: expected 0 or more"),
            ("window", self.window < 1, f"{self.window}: expected 1 or more"),
            ("frames_per_s", self.frames_per_s <= 0, f"{self.frames_per_s}: expected more than 0"),
            ("late_s", self.late_s < 0, f"{self.late_s}: expected 0 or more seconds"),
        ]
        return [(name, text) for name, wrong, text in checks if wrong]
