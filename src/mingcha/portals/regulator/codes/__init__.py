"""季度确认: who confirmed which quarter, who is late, and reopening a locked one."""
