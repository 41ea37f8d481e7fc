"""History: readings and results of closed days, in a Delta table of sorted Parquet."""
