"""Cut a byte stream into frames. HJ 212-2017 §6.3, appendix A.

1. Every received byte leaves in exactly one event's ``raw`` or is still in ``pending``.
2. Which events leave follows from the bytes alone, never from how they were cut into chunks.
3. A bad frame never swallows a good one: after a failure the search goes on inside the bytes already read.
"""

from types import ModuleType

from mingcha.protocol.hj212 import codec
from mingcha.protocol.hj212.events import Event, Frame
from mingcha.protocol.hj212.limits import CEILING, LengthPolicy


class Splitter:
    """One direction of one connection. Does no I/O and reads no clock.

    ``ceiling``: longest data segment taken, in bytes. ``lengths``: what to do with a wrong length whose CRC fits.
    ``backend``: the module that cuts; only tests and benches give one.
    """

    __slots__ = ("_ceiling", "_cut", "_lengths", "pending")

    def __init__(
        self,
        *,
        ceiling: int = CEILING,
        lengths: LengthPolicy = LengthPolicy.EXPLAINED,
        backend: ModuleType | None = None,
    ) -> None:
        self._ceiling = ceiling
        self._lengths = int(lengths)
        self._cut = (backend or codec).cut
        self.pending = b""

    def receive(self, data: bytes) -> list[Event]:
        """Take any number of bytes; return the events they complete."""
        return self._advance(self.pending + data if self.pending else bytes(data), final=False)

    def expire(self) -> list[Event]:
        """Nothing more will come, or a half frame waited too long: give up ``pending``, searching inside it.

        A whole frame may be found there, so this may return a ``Frame``.
        """
        return self._advance(self.pending, final=True)

    def _advance(self, buffer: bytes, *, final: bool) -> list[Event]:
        events: list[Event]
        events, used = self._cut(buffer, self._ceiling, self._lengths, final)
        self.pending = buffer[used:]
        return events


def frame_of(
    raw: bytes, *, ceiling: int = CEILING, lengths: LengthPolicy = LengthPolicy.EXPLAINED
) -> Frame | None:
    """The frame that was cut as ``raw`` before, as the journal keeps it; None where it was none.

    Give the settings it was cut with: what was refused then stays refused.
    """
    splitter = Splitter(ceiling=ceiling, lengths=lengths)
    events = splitter.receive(raw) + splitter.expire()
    return next((event for event in events if isinstance(event, Frame)), None)
