"""运维端: visits to review, plan, people, credit."""
