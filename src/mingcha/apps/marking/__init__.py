"""标记: what the discharger says of its data."""
