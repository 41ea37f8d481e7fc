"""企业端: what to confirm, mark, answer today; own outlets."""
