"""报文: raw frames."""
