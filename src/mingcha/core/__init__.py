"""Words all layers share. Pure values and functions; nothing here knows a file, a socket or a table."""
