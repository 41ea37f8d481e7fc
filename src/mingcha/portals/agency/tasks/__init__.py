"""计划: tasks with windows, assignment."""
