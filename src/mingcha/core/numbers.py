"""Numbers people read aloud: ``V-2026-000123``. Given in order, each once, without gaps."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TRIES = 50  # two writers at once need two; many more at once means something else is wrong


def number_after(last: str | None, prefix: str, *, digits: int) -> str:
    """The number that follows ``last`` under ``prefix`` (``V-2026-``); the first where ``last`` is None.

    Raises:
        ValueError: ``last`` has another prefix, or the digits are used up.
    """
    if last is None:
        return f"{prefix}{1:0{digits}d}"
    tail = last.removeprefix(prefix)
    if not last.startswith(prefix) or not (tail.isascii() and tail.isdigit()):
        raise ValueError(f"{last!r} is no number under {prefix!r}; expected {prefix} and {digits} digits")
    following = int(tail) + 1
    if len(str(following)) > digits:
        raise ValueError(f"no number is left under {prefix!r} with {digits} digits; widen the form")
    return f"{prefix}{following:0{digits}d}"


def take_number(
    prefix: str,
    *,
    digits: int,
    last: Callable[[], str | None],
    take: Callable[[str], T],
    taken: type[Exception],
) -> T:
    """What ``take`` makes of the next free number; tries again when another writer was quicker.

    ``take`` must undo what it wrote before it raises ``taken``, so that no number is lost.

    Raises:
        taken: somebody else was quicker ``TRIES`` times.
    """
    for _ in range(TRIES - 1):
        try:
            return take(number_after(last(), prefix, digits=digits))
        except taken:
            continue
    return take(number_after(last(), prefix, digits=digits))
