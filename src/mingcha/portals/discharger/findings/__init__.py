"""发现的情况: fact, rule, what to do."""
