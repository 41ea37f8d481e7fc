"""案件: those in which the agency is a party."""
