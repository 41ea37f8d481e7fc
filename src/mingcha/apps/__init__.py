"""Domain apps: tables, every write (services), every read (selectors). No pages; a lower app never calls a higher one."""
