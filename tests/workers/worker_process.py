"""A process for the kill test, in MINGCHA_DATA.

``worker_process.py make N``: tables, people and N hours of frames. ``work``: until killed or done.
"""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from tests.workers import worker_steps

    if sys.argv[1] == "make":
        worker_steps.make(int(sys.argv[2]))
    else:
        worker_steps.work()
