"""公众端: published snapshots and the agency directory; no sign-in, no tracking."""
