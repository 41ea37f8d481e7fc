"""Transition tables: ``{(state, move): state}``. A pair that is missing is illegal.

Every life cycle in mingcha is one such table, and the diagrams in ``docs/`` are drawn from it.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from mingcha.core.errors import IllegalMove

S = TypeVar("S", bound=Hashable)
M = TypeVar("M", bound=Hashable)


def step(table: Mapping[tuple[S, M], S], state: S, move: M) -> S:
    """The state after ``move``.

    Raises:
        IllegalMove: ``table`` has no such pair; the message lists the moves that are legal.
    """
    try:
        return table[state, move]
    except KeyError:
        legal = ", ".join(sorted(str(m) for m in moves_from(table, state))) or "none"
        raise IllegalMove(f"{move!s} is not possible from {state!s}; possible: {legal}") from None


def moves_from(table: Mapping[tuple[S, M], S], state: S) -> list[M]:
    """The moves that are legal in ``state``, in the order of the table."""
    return [move for (before, move) in table if before == state]


def states(table: Mapping[tuple[S, M], S]) -> list[S]:
    """Every state the table names, each once, in the order of first mention."""
    named: Iterable[S] = (s for (before, _), after in table.items() for s in (before, after))
    return list(dict.fromkeys(named))


def diagram(table: Mapping[tuple[S, M], S]) -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {before!s} --> {after!s}: {move!s}" for (before, move), after in table.items()]
    return "\n".join(lines)
