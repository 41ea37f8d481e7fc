"""案件: list and one case."""
