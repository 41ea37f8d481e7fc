"""Emission totals and their forecast: our dated defaults."""
