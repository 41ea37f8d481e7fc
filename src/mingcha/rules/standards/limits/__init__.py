"""Emission limits of standards as tables: what they propose for an outlet. The permit's own limit goes first."""

from mingcha.rules.standards.limits.lookup import LimitRow, limit_for, rows

__all__ = ["LimitRow", "limit_for", "rows"]
