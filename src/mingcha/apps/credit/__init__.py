"""信用: what cases and duties settle for an agency."""
