"""运维机构: the directory with credit."""
