"""Where bytes and values are kept: journal (evidence), telemetry (readings, hours, days), blobs (attachments)."""
