"""今日: to confirm, to mark, to answer."""
