"""Target P6: bytes of a raw frame in the journal, of a value in the readings and in history, and how fast they are written.

``python bench/store.py [--quick]`` or ``run()``.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import _history
import _journal
import _telemetry


def run(*, quick: bool = False) -> list[dict[str, Any]]:
    """The contract of ``bench NAME --json``."""
    return [_journal.run(quick=quick), _telemetry.run(quick=quick), _history.run(quick=quick)]


if __name__ == "__main__":
    for result in run(quick="--quick" in sys.argv):
        print(json.dumps(result, ensure_ascii=False))
