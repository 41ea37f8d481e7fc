"""Rates, comparison and revisions across the outlets a viewer sees; ``rate_paths`` gives a portal its addresses."""
