"""报文: raw frames and quarantine."""
