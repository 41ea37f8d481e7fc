"""今日: visits to review, windows that close."""
