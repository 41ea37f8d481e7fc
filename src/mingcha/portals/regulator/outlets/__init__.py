"""在线监控: the outlets and their page."""
