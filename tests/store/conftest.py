"""Where the stores of these tests lie."""

from places import place, postgres

__all__ = ["place", "postgres"]
