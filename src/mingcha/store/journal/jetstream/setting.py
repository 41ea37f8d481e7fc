"""The settings that choose the engine of the journal: ``MINGCHA_JOURNAL``, ``MINGCHA_JOURNAL_ACK``."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from mingcha.core.errors import BadInput

EMBEDDED = "embedded"
_SCHEMES = frozenset({"nats", "tls", "ws", "wss"})


class Ack(StrEnum):
    """When a frame is answered: once the cluster has its block too, or once it is durable here."""

    CLUSTER = "cluster"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Setting:
    """A cluster. ``replicas``: how many servers keep each block. ``timeout_s``: how long an answer is waited for: longer
    than the election of a leader (4 to 9 s) after its server was lost.
    """

    servers: tuple[str, ...]
    ack: Ack = Ack.CLUSTER
    replicas: int = 3
    timeout_s: float = 15.0

    @property
    def shown(self) -> str:
        """The servers without user names and passwords."""
        parts = [urlsplit(server) for server in self.servers]
        return ",".join(f"{part.scheme}://{part.hostname}:{part.port or 4222}" for part in parts)


def parse(journal: str, ack: str = "") -> Setting | None:
    """What the two settings say; None where the journal is the embedded one.

    Raises:
        BadInput: a value is neither ``embedded`` nor a list of NATS addresses, or an unknown policy.
    """
    text = journal.strip()
    if ack not in ("", *Ack):
        raise BadInput({"MINGCHA_JOURNAL_ACK": f"{ack!r} found; expected {' or '.join(Ack)}"})
    if text in ("", EMBEDDED):
        return None
    servers = tuple(part.strip() for part in text.split(",") if part.strip())
    for server in servers:
        if not _is_address(server):
            raise BadInput(
                {
                    "MINGCHA_JOURNAL": f"{_without_secrets(server)!r} found; expected {EMBEDDED} or addresses such as "
                    "nats://10.0.0.1:4222,nats://10.0.0.2:4222"
                }
            )
    return Setting(servers, Ack(ack or Ack.CLUSTER))


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _without_secrets(text: str) -> str:
    return text.rpartition("@")[2]
