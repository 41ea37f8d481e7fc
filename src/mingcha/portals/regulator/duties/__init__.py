"""时限: the deadlines of everybody in the area."""
