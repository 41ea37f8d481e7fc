"""Live counters of the gateway, and the small file in which the web reads them."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STATUS_NAME = "gateway-{gateway}.status.json"


@dataclass(slots=True)
class Stats:
    """Counted since ``started_us``. ``verdicts``: by verdict word; ``problems``: by problem code;
    ``closed``: why we closed connections; ``last_seen_us``: newest frame of each MN.
    """

    started_us: int
    frames: int = 0
    bytes: int = 0
    replies: int = 0
    connections: int = 0
    opened: int = 0
    commits: int = 0
    entries: int = 0
    largest_batch: int = 0
    commit_ms: float = 0.0
    slowest_commit_ms: float = 0.0
    queued_bytes: int = 0
    journal_failures: int = 0
    journal_error: str = ""
    verdicts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    last_seen_us: dict[str, int] = field(default_factory=dict)

    def committed(self, entries: int, took_s: float) -> None:
        self.commits += 1
        self.entries += entries
        self.largest_batch = max(self.largest_batch, entries)
        self.commit_ms = round(took_s * 1e3, 3)
        self.slowest_commit_ms = max(self.slowest_commit_ms, self.commit_ms)
        self.journal_error = ""

    def snapshot(self, now_us: int) -> dict[str, Any]:
        """Everything as plain JSON values."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {"at_us": now_us} | {k: dict(v) if isinstance(v, Counter) else v for k, v in plain.items()}


def status_write(path: Path, snapshot: dict[str, Any]) -> None:
    """Replace ``path`` at once: a reader sees the old or the new file, never half of one."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(snapshot, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def status_read(path: Path) -> dict[str, Any] | None:
    """The counters as last written, or None where no gateway ever wrote any."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found if isinstance(found, dict) else None
