"""What two portals need. See README.md. Knows no portal."""
