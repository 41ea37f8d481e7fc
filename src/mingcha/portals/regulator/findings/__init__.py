"""线索: the desk and one finding."""
