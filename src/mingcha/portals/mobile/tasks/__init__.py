"""任务: what is mine, sign-in at the station."""
