"""案件: those in which the discharger is a party."""
