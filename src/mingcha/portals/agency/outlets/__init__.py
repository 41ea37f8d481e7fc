"""排放口: those served under a running contract."""
