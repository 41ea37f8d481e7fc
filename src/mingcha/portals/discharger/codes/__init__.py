"""季度确认: the discharger's word on the hour codes of its quarters."""
