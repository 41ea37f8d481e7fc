"""数据标记: marks of own data."""
