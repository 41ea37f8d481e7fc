"""运维: contracts, plans, tasks, visits, records."""
