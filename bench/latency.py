"""Target P3 alone: how long a logger waits for its answer at 500 frames a second. See ``gateway``."""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))


def run(quick: bool = False) -> list[dict[str, Any]]:
    import gateway

    return [gateway.latency(quick)]


if __name__ == "__main__":
    print(json.dumps(run(quick="--quick" in sys.argv)[0], ensure_ascii=False))
