"""填报: record forms rendered from data."""
