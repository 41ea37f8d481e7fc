"""What the status files of the gateways say, as Prometheus metrics; and whether the gateways are well.

The files are written once a second, so whoever serves the metrics (the gateway itself, its supervisor, the web
process) never waits for the event loop that receives. Counters begin anew with each start, as Prometheus expects.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from mingcha.gateway.stats import statuses

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STALE_S = 10.0  # a gateway that has not written its status for so long does not live
_S = 1_000_000

Statuses = Mapping[str, Mapping[str, Any]]


class One(NamedTuple):
    """A metric with a single value a gateway: its name, what it means, the field of the status, and its unit's size."""

    name: str
    meaning: str
    field: str
    scale: float = 1.0


COUNTERS = (
    One("mingcha_frames", "Frames cut from the streams, whatever their verdict.", "frames"),
    One("mingcha_received_bytes", "Bytes received and handed to the journal.", "bytes"),
    One("mingcha_replies", "Answers released after their frame was durable.", "replies"),
    One("mingcha_sent_bytes", "Bytes of answers.", "reply_bytes"),
    One("mingcha_connections_opened", "Connections accepted.", "opened"),
    One("mingcha_commits", "Blocks made durable.", "commits"),
    One("mingcha_journal_entries", "Entries made durable.", "entries"),
    One(
        "mingcha_journal_failures",
        "Blocks the disk refused; their frames were not answered.",
        "journal_failures",
    ),
)
GAUGES = (
    One("mingcha_connections", "Connections open now.", "connections"),
    One("mingcha_stations", "Registered stations heard since the start.", "stations"),
    One("mingcha_queued_bytes", "Bytes received that wait for the disk.", "queued_bytes"),
    One("mingcha_half_frame_bytes", "Bytes of frames that are not complete yet.", "half_frame_bytes"),
    One("mingcha_started_seconds", "When the gateway started, epoch seconds.", "started_us", _S),
    One("mingcha_status_seconds", "When the gateway last wrote its status, epoch seconds.", "at_us", _S),
)
LABELLED = (
    (
        "mingcha_verdicts",
        "Frames and refused bytes by verdict; quarantine: MN not registered.",
        "verdict",
        "verdicts",
    ),
    ("mingcha_editions", "Frames by edition of HJ 212.", "edition", "editions"),
    ("mingcha_problems", "Deviations by code (docs/deviations.md).", "code", "problems"),
    ("mingcha_connections_closed", "Connections closed by us, by reason.", "reason", "closed"),
)
HISTOGRAMS = (
    ("mingcha_commit_seconds", "How long one block took to become durable.", "commit_s"),
    (
        "mingcha_clock_drift_seconds",
        "How far the stations' clocks are off, by the last known drift of each.",
        "drift",
    ),
)


def families(found: Statuses) -> Iterator[Metric]:
    """All metrics of the gateways in ``found``."""
    for kind, table in ((CounterMetricFamily, COUNTERS), (GaugeMetricFamily, GAUGES)):
        for one in table:
            family = kind(one.name, one.meaning, labels=["gateway"])
            for name, status in found.items():
                family.add_metric([name], status.get(one.field, 0) / one.scale)
            yield family
    for metric, meaning, label, field in LABELLED:
        labelled = CounterMetricFamily(metric, meaning, labels=["gateway", label])
        for name, status in found.items():
            for value, count in sorted(status.get(field, {}).items()):
                labelled.add_metric([name, value], count)
        yield labelled
    for metric, meaning, field in HISTOGRAMS:
        histogram = HistogramMetricFamily(metric, meaning, labels=["gateway"])
        for name, status in found.items():
            if field in status:
                histogram.add_metric([name], buckets=_buckets(status[field]), sum_value=status[field]["sum"])
        yield histogram
    yield _exchanges(found)


def _exchanges(found: Statuses) -> Metric:
    family = GaugeMetricFamily(
        "mingcha_host_exchanges",
        "Exchanges of the host since the start, by what became of them.",
        labels=["gateway", "state"],
    )
    for name, status in found.items():
        for state, count in sorted(status.get("host", {}).items()):
            family.add_metric([name, state], count)
    return family


def _buckets(plain: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Prometheus wants each bucket to hold those before it."""
    total, out = 0, []
    for bound, count in zip([*map(str, plain["bounds"]), "+Inf"], plain["counts"], strict=True):
        total += count
        out.append((bound, float(total)))
    return out


class _Once(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def page(metrics: Iterable[Metric]) -> bytes:
    """The text a Prometheus server reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(list(metrics)))
    return generate_latest(registry)


def ailments(folder: Path, now_us: int, names: Iterable[str] = ()) -> list[str]:
    """Why the gateways of ``folder`` are not ready to receive, one sentence each; none where all is well.

    ``names``: gateways that must be there; those that stopped long ago and are not named do not count.
    """
    found, out = statuses(folder), []
    for name in sorted({*names} or found):
        status = found.get(name)
        if status is None:
            out.append(f"gateway {name} has not written its status yet")
        elif now_us - status["at_us"] > STALE_S * _S:
            out.append(f"gateway {name} has not written its status for {(now_us - status['at_us']) // _S} s")
        elif status["journal_error"]:
            out.append(f"gateway {name} cannot store frames: {status['journal_error']}")
    return out
