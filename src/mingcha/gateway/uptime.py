"""When the gateway itself was up: ``gateway-uptime.jsonl`` in the data folder.

One JSON row an event: ``{"gateway": "g0", "event": "start" | "beat" | "stop", "at_us": …}``. A beat is
written every ``BEAT_S`` seconds; at start and once a day the file is compacted to the last beat before each start,
so it stays tiny. We keep it beside the journal and not in it, because a journal that cannot be
written is one of the reasons to be down. A gap in transmission inside such an outage is ours, not the
discharger's.
"""

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mingcha.core.clock import from_us
from mingcha.core.spans import Span

NAME = "gateway-uptime.jsonl"
BEAT_S = 30.0
COMPACT_ROWS = 2880  # a day of beats
START, BEAT, STOP = "start", "beat", "stop"


@dataclass(frozen=True, slots=True)
class Row:
    gateway: str
    event: str
    at_us: int


class Uptime:
    """Writes the rows of one gateway. Several gateways share the file, so each holds its lock while it writes."""

    def __init__(self, folder: Path, gateway: str) -> None:
        self.path = folder / NAME
        self._gateway = gateway
        self._rows = 0
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, event: str, now_us: int) -> None:
        row = {"gateway": self._gateway, "event": event, "at_us": now_us}
        with self._held():
            if event == START or self._rows >= COMPACT_ROWS:
                self._compact()
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        self._rows += 1

    @contextmanager
    def _held(self) -> Iterator[None]:
        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _compact(self) -> None:
        rows = kept(rows_of(self.path))
        part = self.path.with_suffix(".part")
        text = "".join(
            json.dumps({"gateway": r.gateway, "event": r.event, "at_us": r.at_us}) + "\n" for r in rows
        )
        part.write_text(text, encoding="utf-8")
        part.replace(self.path)
        self._rows = 0


def rows_of(path: Path) -> list[Row]:
    """The rows in the file; a last line cut short by a crash is left out."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found = json.loads(line)
            rows.append(Row(found["gateway"], found["event"], found["at_us"]))
        except (ValueError, KeyError, TypeError):
            continue
    return rows


def kept(rows: Iterable[Row]) -> list[Row]:
    """Starts, stops, and of each row of beats only the last."""
    out: list[Row] = []
    last: dict[str, int] = {}
    for row in rows:
        before = last.get(row.gateway)
        if row.event == BEAT and before is not None and out[before].event == BEAT:
            out[before] = row
        else:
            last[row.gateway] = len(out)
            out.append(row)
    return out


def outages(path: Path, gateway: str) -> list[Span]:
    """Between the last sign of life of a run and the next start: spans in which we could not receive."""
    rows = [row for row in rows_of(path) if row.gateway == gateway]
    pairs = pairwise(rows)
    return [
        Span(from_us(a.at_us), from_us(b.at_us)) for a, b in pairs if b.event == START and a.at_us < b.at_us
    ]
