"""Which entries may be gone: what signed retention statements name, block by block. ``FORMAT.md`` §7."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from mingcha.store.journal.errors import StatementFailed
from mingcha.store.journal.report import Fault
from mingcha.store.journal.statements import PLACE, RETENTION, Statement

FOLDER = "retention"
Ranges = Sequence[Sequence[int]]  # [first, last] of each run, both counted


def path_of(folder: Path, number: int) -> Path:
    """The list that belongs to statement ``number``."""
    return folder / FOLDER / f"{number:08d}.jsonl"


def ranges_of(indices: Iterable[int]) -> list[list[int]]:
    """Rising ``indices`` as runs."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][1] == index - 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return runs


def indices_of(runs: Ranges) -> set[int]:
    return {index for first, last in runs for index in range(first, last + 1)}


@dataclass(slots=True)
class Licences:
    """``faults``: lists that are missing or not those that were signed; they allow nothing."""

    faults: list[Fault] = field(default_factory=list)
    _named: dict[tuple[str, int], list[tuple[int, Ranges]]] = field(default_factory=dict)

    def of(self, journal: str, block: int) -> tuple[set[int], tuple[int, ...]]:
        """Indices that may be gone from a block, and the numbers of the statements that say so."""
        found = self._named.get((journal, block), [])
        return {i for _, runs in found for i in indices_of(runs)}, tuple(number for number, _ in found)

    def take(self, statement: Statement, content: bytes | None) -> None:
        """Take the list of a statement whose signature is right."""
        expected, number = str(statement.body["list_sha256"]), statement.number
        found = "no file" if content is None else sha256(content).hexdigest()
        if content is None or found != expected:
            self.faults.append(Fault(PLACE, number, "list", f"{path_of(Path(), number)} {expected}", found))
            return
        for row in map(json.loads, content.splitlines()):
            self._named.setdefault((row["journal"], row["block"]), []).append((number, row["dropped"]))


def load(folder: Path, statements: Iterable[Statement]) -> Licences:
    """What the retention statements among ``statements`` allow, by the lists in ``folder``."""
    found = Licences()
    for one in statements:
        if one.kind == RETENTION:
            path = path_of(folder, one.number)
            found.take(one, path.read_bytes() if path.is_file() else None)
    return found


def row(journal: str, block: int, dropped: Iterable[int], classes: dict[str, int]) -> dict[str, Any]:
    """One line of a list."""
    return {"journal": journal, "block": block, "dropped": ranges_of(dropped), "classes": classes}


def write(folder: Path, number: int, content: bytes) -> None:
    """Make a list durable before its statement is signed.

    Raises:
        StatementFailed: the disk is full.
    """
    path = path_of(folder, number)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StatementFailed(
            f"{path}: {error}. Nothing was dropped; free disk space and try again"
        ) from error
