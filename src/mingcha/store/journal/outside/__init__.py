"""A verifier that needs nothing of mingcha: it is copied into every evidence package."""
