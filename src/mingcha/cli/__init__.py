"""The command line. Names are stable; every command has ``--help``; exit codes 0 ok, 1 negative result, 2 wrong use."""
