"""审计: who did what, when: one hash-chained row per written fact."""
