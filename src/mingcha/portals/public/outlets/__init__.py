"""排放数据: outlets and their published snapshots."""
