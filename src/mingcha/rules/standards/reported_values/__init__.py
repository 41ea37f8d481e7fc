"""What dataloggers compute beside what we compute: our dated defaults."""
