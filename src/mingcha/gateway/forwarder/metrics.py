"""What the status files of forwarding say, as Prometheus metrics: they are told wherever those of the gateways are."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from mingcha.gateway.forwarder.position import FOLDER
from mingcha.gateway.stats import status_read

_S = 1_000_000
_SUFFIX = ".status.json"

COUNTERS = (
    ("mingcha_forward_sent", "Frames sent to the target for the first time.", "sent"),
    ("mingcha_forward_acked", "Entries the target answered by 9014.", "acked"),
    ("mingcha_forward_retried", "Frames sent again with the same QN.", "resent"),
    ("mingcha_forward_refused", "Frames answered by 9014 with another QnRtn than 1.", "refused"),
    ("mingcha_forward_unsendable", "Entries that have no form in the target's edition.", "unsendable"),
    ("mingcha_forward_fields_left", "Fields that have no code in the target's edition.", "fields_left"),
    ("mingcha_forward_connects", "Connections made to the target.", "connects"),
)
GAUGES = (
    ("mingcha_forward_aside", "Entries left aside, to be tried again.", "aside", 1),
    (
        "mingcha_forward_lag_frames",
        "Entries of the journal that are not dealt with yet.",
        "behind_entries",
        1,
    ),
    ("mingcha_forward_lag_seconds", "Age of the newest entry dealt with, while others wait.", "behind_s", 1),
    ("mingcha_forward_status_seconds", "When the status was last written, epoch seconds.", "at_us", _S),
)


def statuses(folder: Path) -> dict[str, dict[str, Any]]:
    """The last status of every target that was ever forwarded to. ``folder``: the data folder."""
    found = {
        path.name.removesuffix(_SUFFIX): status_read(path)
        for path in sorted((folder / FOLDER).glob(f"*{_SUFFIX}"))
    }
    return {key: status for key, status in found.items() if status is not None}


def families(found: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    """The metrics of all targets. Counters begin anew with each start of the forwarding process."""
    for name, meaning, field in COUNTERS:
        counter = CounterMetricFamily(name, meaning, labels=["target"])
        for key, status in found.items():
            counter.add_metric([key], status.get(field, 0))
        yield counter
    for name, meaning, field, scale in GAUGES:
        gauge = GaugeMetricFamily(name, meaning, labels=["target"])
        for key, status in found.items():
            gauge.add_metric([key], status.get(field, 0) / scale)
        yield gauge
    up = GaugeMetricFamily("mingcha_forward_connected", "1 while the target is connected.", labels=["target"])
    for key, status in found.items():
        up.add_metric([key], float(status.get("state") == "connected"))
    yield up
