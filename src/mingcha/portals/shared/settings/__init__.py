"""测点设置: point settings, schedules and permitted amounts of an outlet, read by three portals, set by one."""
