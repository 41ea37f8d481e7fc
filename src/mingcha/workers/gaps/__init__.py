"""Missing records are asked for: ``plan`` says which (pure), ``finder`` looks for them and asks."""

from mingcha.workers.gaps.finder import GapFinder, last_heard_in

__all__ = ["GapFinder", "last_heard_in"]
