"""The projector in a process of its own: ``_projector.py FOLDER``. Ends with its stdin."""

import sys
import threading
import time
from pathlib import Path


def main(folder: Path) -> None:
    # Read here and not above: the bench of the gateway alone must run without the workers.
    from mingcha.store.journal import JournalReader
    from mingcha.store.telemetry import Telemetry
    from mingcha.workers.projection import Projector

    projector = Projector(JournalReader(folder / "journal"), Telemetry(folder / "readings.sqlite3"))
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    print("ready", flush=True)
    while not ended.is_set():
        if not projector.step():
            time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
