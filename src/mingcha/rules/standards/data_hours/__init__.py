"""What makes an hour of data due, received and lost where the standards leave it open: our dated defaults."""
