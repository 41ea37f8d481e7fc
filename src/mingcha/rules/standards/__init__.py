"""One folder a document: clauses, dated parameters, rules, cases."""
