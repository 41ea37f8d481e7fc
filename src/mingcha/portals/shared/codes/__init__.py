"""季度确认: the quarterly confirmation of hour codes, as the discharger confirms and the authority sees it."""
