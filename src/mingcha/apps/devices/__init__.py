"""设备接入: loggers' passwords, quarantine."""
