"""One detector a file; see ``docs/adding_a_detector.md``."""
