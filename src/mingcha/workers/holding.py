"""What retention must not touch: frames that open findings and cases stand on."""

from datetime import datetime, timedelta

from mingcha.apps.cases import selectors as cases
from mingcha.apps.registry import selectors as registry
from mingcha.store.journal.retention import Holds

BEFORE = timedelta(days=1)  # what led to it is looked at too


def holds() -> Holds:
    """Of every station of an outlet with open findings or cases: all that was received from the day before on."""
    stations: dict[str, datetime] = {}
    for outlet, since in cases.held_from().items():
        for point in registry.points_of(registry.outlet_by_key(outlet)):
            mn = point.point.rpartition("/")[0]
            stations[mn] = min(stations.get(mn, since - BEFORE), since - BEFORE)
    return Holds(stations=stations)
