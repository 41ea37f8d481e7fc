"""For those who watch the machine: ``/metrics``, ``/health/live``, ``/health/ready``.

Metrics name no station and no person, but they tell what a machine is worth attacking for: they are given to this
machine alone, or to who shows the token of ``MINGCHA_METRICS_TOKEN``.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from hmac import compare_digest
from ipaddress import ip_address

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET
from prometheus_client.core import GaugeMetricFamily, Metric

from mingcha.apps.devices.selectors import counts
from mingcha.core.errors import LocalError, MingchaError
from mingcha.core.refs import FrameRef
from mingcha.gateway import metrics
from mingcha.gateway.forwarder import metrics as forwarding
from mingcha.gateway.stats import statuses
from mingcha.site import data
from mingcha.store.journal import JournalReader

_BEARER = "Bearer "
_S = 1_000_000


@require_GET
def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"ok": True})


@require_GET
def ready(request: HttpRequest) -> JsonResponse:
    """Pages can be served: the records can be read."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except DatabaseError as error:
        return JsonResponse({"ok": False, "reasons": [f"the records cannot be read: {error}"]}, status=503)
    return JsonResponse({"ok": True, "reasons": []})


@require_GET
def metrics_page(request: HttpRequest) -> HttpResponse:
    """What a Prometheus server reads."""
    if not _may_watch(request):
        return HttpResponse(
            "ask from this machine, or with the token of MINGCHA_METRICS_TOKEN\n",
            status=403,
            content_type="text/plain",
        )
    found = statuses(data.data_folder())
    targets = forwarding.families(forwarding.statuses(data.data_folder()))
    families = [*metrics.families(found), *targets, *_of_records(), *_of_projection()]
    return HttpResponse(metrics.page(families), content_type=metrics.CONTENT_TYPE)


def _may_watch(request: HttpRequest) -> bool:
    token = os.environ.get("MINGCHA_METRICS_TOKEN", "")
    given = request.headers.get("Authorization", "")
    if token and given.startswith(_BEARER):
        return compare_digest(given.removeprefix(_BEARER).encode(), token.encode())
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and _is_here(request.META.get("REMOTE_ADDR", ""))


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _of_records() -> Iterator[Metric]:
    commands = GaugeMetricFamily("mingcha_commands", "Commands to loggers by state.", labels=["state"])
    for state, count in counts.commands_by_state().items():
        commands.add_metric([state], count)
    yield commands
    yield GaugeMetricFamily(
        "mingcha_quarantine",
        "Unregistered MNs and loggers that wait for a decision.",
        counts.quarantine_waiting(),
    )


def _of_projection() -> Iterator[Metric]:
    """How far the readings are behind the journal. A gateway whose journal cannot be read has no value here."""
    blocks = GaugeMetricFamily(
        "mingcha_projection_lag_blocks", "Blocks that are not projected yet.", labels=["gateway"]
    )
    seconds = GaugeMetricFamily(
        "mingcha_projection_lag_seconds",
        "Between the newest frame kept and the newest one projected.",
        labels=["gateway"],
    )
    positions = _positions()
    yield GaugeMetricFamily(
        "mingcha_readings_up", "1 where the engine of the readings answers.", int(positions is not None)
    )
    if positions is not None:
        reader = data.journal_reader()
        for gateway in reader.gateways():
            behind = _behind(reader, gateway, positions.get(gateway))
            if behind is not None:
                blocks.add_metric([gateway], behind[0])
                seconds.add_metric([gateway], behind[1])
    yield blocks
    yield seconds


def _positions() -> dict[str, FrameRef] | None:
    """How far each gateway is projected; None where the engine does not answer."""
    if not data.readings_made():
        return {}
    try:
        with closing(data.open_readings()) as telemetry:
            return telemetry.positions()
    except LocalError:
        return None


def _behind(reader: JournalReader, gateway: str, position: FrameRef | None) -> tuple[int, float] | None:
    head = reader.head(gateway)
    if head is None or position is None:
        return None
    try:
        last = reader.block(head.journal, head.block)
        there = reader.block(position.journal, position.block)
        begun = FrameRef(position.journal, position.block, 0)
        count = reader.count(begun, FrameRef(head.journal, head.block, 0)) - (
            position.index + 1 >= there.count
        )
    except MingchaError:
        return None
    return count, max(0, last.last_us - there.last_us) / _S
