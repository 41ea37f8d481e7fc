"""时限: own deadlines."""
