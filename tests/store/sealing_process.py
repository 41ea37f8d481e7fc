"""Fill a store, or seal it; killed at a named step, or at any moment, by the test.

``sealing_process.py make|slow|<number of the step after which it dies> FILE``
"""

import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from history_worlds import OUTLETS, hour
from packet_makers import DAY, packet

from mingcha.store.telemetry import Telemetry

DAYS = 3


def frames(part):
    """Half-hours of three points; parts from 1 on change some."""
    for n in range(DAYS * 48):
        for mn in ("M1/31", "M2/32", "M3/31"):
            if part == 0 or (n + len(mn)) % 7 == 0:
                at = DAY + timedelta(minutes=30 * n)
                text = f"{n % 9}.{part}0 N" if n % 11 else "- D"
                yield packet(part * 10_000 + n, at=at, point=mn, kind="2051", a21026=text, w01018=f"{n} N")


def fill(store, part):
    store.write([*frames(part)], position=None)
    for outlet in OUTLETS:
        values = [
            hour(outlet, "a21026", DAY + timedelta(hours=h), h / 3 + part)
            for h in range(0, DAYS * 24, 1 + part % 3)
        ]
        store.write_hours(values, at=DAY + timedelta(days=DAYS + part))


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def main(what, file):
    store = Telemetry(Path(file), buckets=2)
    if what == "make":
        fill(store, 0)
        return
    print("ready", flush=True)
    if what == "slow":  # each step takes a while, so that the kill falls between any two
        store.seal(DAY + timedelta(days=DAYS - 1), watch=lambda step: time.sleep(0.005))
    else:
        steps = iter(range(1_000_000))
        die_at = int(what)
        store.seal(DAY + timedelta(days=DAYS - 1), watch=lambda step: next(steps) == die_at and die())
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
