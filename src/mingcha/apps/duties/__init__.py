"""时限: deadlines of the law: opened by an event, met by an act, or late."""
