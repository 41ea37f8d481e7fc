"""运维机构: agencies and their credit."""
