"""登记: dischargers, outlets, instruments, loggers, limits."""
