"""运维活动: visits to confirm or reject."""
