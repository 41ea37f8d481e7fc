"""SM4 of HJ 212-2025 §6.4 around whole frames, and which key counts when."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mingcha.protocol.hj212.limits import CRC_DIGITS, HEAD, KEY_GRACE_H, may_be_encrypted

KEY_DAYS = 90  # HJ 212-2025 §6.4 by secondary sources: a key is changed every 90 days


def encrypted(raw: bytes, key: bytes) -> bytes:
    """The frame ``raw`` with its parameters encrypted; the CRC stays that of the plain text."""
    from mingcha.protocol.hj212.sm4 import encrypt

    size = int(raw[2:HEAD])
    segment, tail = raw[HEAD : HEAD + size], raw[HEAD + size :]
    if len(tail) < CRC_DIGITS:
        raise ValueError(f"a whole frame is needed; {len(raw)} bytes declare {size}")
    return raw[:HEAD] + encrypt(segment, key) + tail


def wants_cipher(cn: str) -> bool:
    """Whether a logger with a key encrypts its messages of this command: data commands, 1014 and 3020."""
    return may_be_encrypted(cn)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The key in force, when it was made, and the one before it for ``grace_h`` after the change (``Dialect.key_grace_h``)."""

    current: bytes | None = None
    created: datetime | None = None
    previous: bytes | None = None
    changed: datetime | None = None
    grace_h: float = KEY_GRACE_H

    def changed_to(self, key: bytes, *, created: datetime | None, at: datetime) -> "KeyRing":
        if key == self.current:
            return self
        return replace(self, current=key, created=created, previous=self.current, changed=at)

    def reads(self, at: datetime) -> tuple[bytes, ...]:
        """The keys with which a frame received at ``at`` may be read, newest first."""
        fresh = self.changed is not None and at - self.changed <= timedelta(hours=self.grace_h)
        return tuple(key for key in (self.current, self.previous if fresh else None) if key is not None)

    def is_old(self, at: datetime) -> bool:
        """A key is due to be changed."""
        return self.created is not None and at - self.created >= timedelta(days=KEY_DAYS)

    def __repr__(self) -> str:
        return f"<KeyRing {'with' if self.current else 'without'} key, made {self.created}>"
