"""What of each document is carried out: every clause ``clauses.yaml`` names, with its state."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mingcha.rules.engine.clauses import Clause, Status
from mingcha.rules.engine.registry import Registry


@dataclass(frozen=True, slots=True)
class Covered:
    """One clause of one document. ``rules``: loaded rules that cite it."""

    document: str
    clause: Clause
    rules: tuple[str, ...]


def coverage(registry: Registry) -> Iterator[Covered]:
    """Clauses in the order of the documents and of their files."""
    for document in registry.documents.values():
        for clause in document.clauses.values():
            cited = sorted(
                r.id
                for r in registry.rules.values()
                if (r.standard, r.clause) == (document.folder, clause.key)
            )
            yield Covered(document.name, clause, tuple(cited))


def counts(registry: Registry) -> dict[str, int]:
    """How many clauses are done, to do and exempt."""
    found = Counter(item.clause.status for item in coverage(registry))
    return {status.value: found[status] for status in Status}
