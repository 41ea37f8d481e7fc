"""账户与机构: people, organisations, districts, roles."""
