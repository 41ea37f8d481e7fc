"""排放口: own outlets with data and evidence."""
