"""The demonstration region: data (``region.yaml``, ``limits.csv``), a loader, and a week of history.

``region`` reads the data · ``loading`` enters them by the apps' services, ``devices`` what concerns loggers ·
``accounts`` keeps the passwords for the demonstration · ``past`` makes the history with the planned events.
"""

from mingcha.workers.demo.accounts import Account, printed
from mingcha.workers.demo.loading import Loaded, load_region
from mingcha.workers.demo.past import history_entries, history_span, live_outlets, stories, write_history

__all__ = [
    "Account",
    "Loaded",
    "history_entries",
    "history_span",
    "live_outlets",
    "load_region",
    "printed",
    "stories",
    "write_history",
]
