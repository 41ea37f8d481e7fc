"""Live counters of the gateway, and the small files in which the web and the metrics read them."""

import json
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mingcha.core.errors import LocalError

STATUS_NAME = "gateway-{gateway}.status.json"
BOARD_NAME = "gateway-{gateway}.stations.json"
# Upper bounds in seconds; one bucket more for all above.
COMMIT_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
DRIFT_S = (1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 86_400.0)
UNKNOWN_EDITION = "unknown"
_NOT_SHOWN = frozenset({"seen"})


class Seen:
    """What one station sent since the start. ``deviations``: by code; ``drift_s``: its clock against ours, last known."""

    __slots__ = ("deviations", "drift_at_us", "drift_s", "edition", "frames", "last_us")

    def __init__(self) -> None:
        self.frames = 0
        self.last_us = 0
        self.edition: str | None = None
        self.drift_s: float | None = None
        self.drift_at_us = 0
        self.deviations: dict[str, int] = {}

    def drifts(self, seconds: float | None, at_us: int) -> None:
        """Its clock is ``seconds`` ahead of ours; None says nothing of it."""
        self.drift_at_us = at_us
        if seconds is not None:
            self.drift_s = round(seconds, 3)

    def plain(self) -> dict[str, Any]:
        return {
            "edition": self.edition or "", "frames": self.frames, "last_seen_us": self.last_us, "drift_s": self.drift_s,
            "deviations": dict(self.deviations),
        }  # fmt: skip


class Histogram:
    """Counts by upper bound, as Prometheus keeps them: not yet summed up."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def plain(self) -> dict[str, Any]:
        return {"bounds": list(self.bounds), "counts": list(self.counts), "sum": round(self.total, 6)}


@dataclass(slots=True)
class Stats:
    """Counted since ``started_us``. ``verdicts``: by verdict word; ``problems``: by code; ``closed``: why we closed
    connections; ``host``: what the host counts of its exchanges; ``seen``: by MN, of registered stations.
    """

    started_us: int
    frames: int = 0
    bytes: int = 0
    replies: int = 0
    reply_bytes: int = 0
    connections: int = 0
    half_frame_bytes: int = 0
    opened: int = 0
    commits: int = 0
    entries: int = 0
    largest_batch: int = 0
    commit_ms: float = 0.0
    slowest_commit_ms: float = 0.0
    queued_bytes: int = 0
    journal_failures: int = 0
    journal_error: str = ""
    register_error: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    editions: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    host: dict[str, int] = field(default_factory=dict)
    commit_s: Histogram = field(default_factory=lambda: Histogram(COMMIT_S))
    seen: dict[str, Seen] = field(default_factory=dict)

    @property
    def last_seen_us(self) -> dict[str, int]:
        """The newest usable frame of each MN."""
        return {mn: seen.last_us for mn, seen in self.seen.items() if seen.last_us}

    def station(self, mn: str) -> Seen:
        found = self.seen.get(mn)
        if found is None:
            found = self.seen[mn] = Seen()
        return found

    def frame(
        self, seen: Seen | None, word: str, codes: list[str], edition: str | None, received_us: int
    ) -> None:
        """Count one frame. ``seen``: of its station; None where that is not registered."""
        self.frames += 1
        self.verdicts[word] += 1
        self.editions[edition or UNKNOWN_EDITION] += 1
        if codes:
            self._deviates(seen, codes)
        if seen is not None:
            seen.frames += 1
            seen.edition = edition
            if word in {"accepted", "deviating"}:
                seen.last_us = received_us

    def refused(self, code: str, seen: Seen | None) -> None:
        """Count bytes that were no acceptable frame."""
        self.verdicts["rejected"] += 1
        self._deviates(seen, [code])

    def _deviates(self, seen: Seen | None, codes: list[str]) -> None:
        for code in codes:
            self.problems[code] += 1
            if seen is not None:
                seen.deviations[code] = seen.deviations.get(code, 0) + 1

    def committed(self, entries: int, took_s: float) -> None:
        self.commits += 1
        self.entries += entries
        self.largest_batch = max(self.largest_batch, entries)
        self.commit_ms = round(took_s * 1e3, 3)
        self.slowest_commit_ms = max(self.slowest_commit_ms, self.commit_ms)
        self.commit_s.add(took_s)
        self.journal_error = ""

    def snapshot(self, now_us: int) -> dict[str, Any]:
        """Everything but the stations as plain JSON values."""
        plain = {name: _plain(getattr(self, name)) for name in self.__slots__ if name not in _NOT_SHOWN}
        return {"at_us": now_us, "stations": len(self.seen), "drift": self._drift().plain()} | plain

    def board(self) -> dict[str, dict[str, Any]]:
        """What each station sent, by MN."""
        return {mn: seen.plain() for mn, seen in self.seen.items()}

    def _drift(self) -> Histogram:
        """How far the clocks of the stations are off, by their last known drift."""
        found = Histogram(DRIFT_S)
        for seen in self.seen.values():
            if seen.drift_s is not None:
                found.add(abs(seen.drift_s))
        return found


def _plain(value: Any) -> Any:
    if isinstance(value, Histogram):
        return value.plain()
    return dict(value) if isinstance(value, dict) else value


def status_write(path: Path, snapshot: dict[str, Any]) -> None:
    """Replace ``path`` at once: a reader sees the old or the new file, never half of one."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(snapshot, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def status_read(path: Path) -> dict[str, Any] | None:
    """The counters as last written, or None where no gateway ever wrote any.

    Raises:
        LocalError: the file is no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LocalError(
            f"{path}: {error}; expected JSON, remove the file and start the gateway again"
        ) from error
    return found if isinstance(found, dict) else None


def statuses(folder: Path) -> dict[str, dict[str, Any]]:
    """The counters of every gateway that ever wrote here, by its name."""
    found = {}
    for path in sorted(folder.glob(STATUS_NAME.format(gateway="*"))):
        status = status_read(path)
        if status is not None:
            found[path.name.removeprefix("gateway-").removesuffix(".status.json")] = status
    return found


def boards(folder: Path) -> dict[str, dict[str, Any]]:
    """What each station sent since its gateways were started, by MN; of several gateways the newest, frames added."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob(BOARD_NAME.format(gateway="*"))):
        for mn, row in (status_read(path) or {}).items():
            found[mn] = _merged(found[mn], row) if mn in found else row
    return found


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    newer = max(one, other, key=lambda row: row["last_seen_us"])
    deviations = Counter(one["deviations"])
    deviations.update(other["deviations"])
    return {**newer, "frames": one["frames"] + other["frames"], "deviations": dict(deviations)}
