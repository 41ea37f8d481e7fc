"""What a process that only receives asks of the interpreter."""

import gc
import sys

# The commit thread asks for the interpreter some five times a block while the loop is busy; by Python's own 5 ms each
# it would wait longer than the disk.
SWITCH_S = 0.0005
# A frame makes some ten objects that are freed without the collector. By Python's own 700 it would walk over all that
# wait for the disk again and again: a third of the user time at 5,000 connections.
COLLECT_EVERY = 50_000


def tune_process() -> None:
    """Call once, when everything is imported. Changes the whole process."""
    sys.setswitchinterval(SWITCH_S)
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 10, 10)
