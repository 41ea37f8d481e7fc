"""信用: score, items, lost objects."""
