"""公开: immutable public snapshots."""
