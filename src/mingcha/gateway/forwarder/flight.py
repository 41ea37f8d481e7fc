"""Frames on their way to a target, and how far all before them are answered. No I/O; times are of the loop's clock.

The position of a gateway goes on only when everything before it was answered, left aside, or never wanted.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from mingcha.core.refs import FrameRef
from mingcha.gateway.forwarder.reencode import Ready
from mingcha.gateway.forwarder.source import Item


@dataclass(slots=True, eq=False)
class Flown:
    """An item under way. ``left``: frames of it not yet answered. ``through``: it and all after it that was not wanted.

    ``again``: it was left aside before. ``first``: when it was first sent.
    """

    item: Item
    left: int
    through: FrameRef
    again: bool
    first: float
    done: bool = False


@dataclass(slots=True, eq=False)
class Waiting:
    """One frame sent and not answered. ``due``: when it is sent again. ``tries``: how often it was sent."""

    flown: Flown
    ready: Ready
    due: float
    tries: int = 1


@dataclass
class Flight:
    """All that is under way to one target."""

    reached: dict[str, FrameRef] = field(default_factory=dict)  # by gateway, since the last ``taken``
    _lines: dict[str, deque[Flown]] = field(default_factory=lambda: defaultdict(deque))
    _by_qn: dict[str, list[Waiting]] = field(default_factory=lambda: defaultdict(list))
    count: int = 0

    def skip(self, item: Item) -> None:
        """An item that is not sent."""
        line = self._lines[item.gateway]
        if line:
            line[-1].through = item.ref
        else:
            self.reached[item.gateway] = item.ref

    def add(self, item: Item, at: float, due: float, *, again: bool = False) -> None:
        """All frames of ``item`` were sent."""
        flown = Flown(item, len(item.frames), item.ref, again, at)
        if not again:
            self._lines[item.gateway].append(flown)
        for ready in item.frames:
            self._by_qn[ready.qn].append(Waiting(flown, ready, due))
            self.count += 1

    def answered(self, qn: str, mn: str) -> Flown | None:
        """The item whose frame this answers; None where none waits for it. An answer without MN goes by its QN alone."""
        waiting = self._by_qn.get(qn, [])
        for one in waiting:
            if not mn or one.ready.mn.upper() == mn.upper():
                self._drop(one)
                one.flown.left -= 1
                if one.flown.left == 0:
                    self._done(one.flown)
                return one.flown
        return None

    def leave(self, flown: Flown) -> None:
        """Wait no longer for this item."""
        for one in [w for w in self.waiting() if w.flown is flown]:
            self._drop(one)
        self._done(flown)

    def waiting(self) -> Iterator[Waiting]:
        """Every frame that is not answered, the oldest first."""
        return (one for group in list(self._by_qn.values()) for one in list(group))

    def taken(self) -> dict[str, FrameRef]:
        """The positions reached since the last call."""
        out, self.reached = self.reached, {}
        return out

    def _drop(self, one: Waiting) -> None:
        group = self._by_qn[one.ready.qn]
        group.remove(one)
        self.count -= 1
        if not group:
            del self._by_qn[one.ready.qn]

    def _done(self, flown: Flown) -> None:
        flown.done = True
        line = self._lines[flown.item.gateway]
        while line and line[0].done:
            self.reached[flown.item.gateway] = line.popleft().through
