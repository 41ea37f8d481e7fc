"""线索: what breaks a rule or looks wrong."""
