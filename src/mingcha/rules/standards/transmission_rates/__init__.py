"""Transmission, valid and effective rates."""
