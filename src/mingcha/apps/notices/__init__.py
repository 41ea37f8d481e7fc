"""通知: messages to people."""
