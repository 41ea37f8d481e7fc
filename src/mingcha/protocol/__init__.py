"""Protocols of the field, sans I/O: bytes in, events and bytes out."""
