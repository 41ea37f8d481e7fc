"""活动: visits and their review."""
