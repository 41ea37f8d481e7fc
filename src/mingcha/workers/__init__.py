"""What runs by itself: projection, restating, consequences, schedules; and the supervisor of all processes."""
