"""A small HTTP server for those who watch the gateway: ``/metrics``, ``/health/live``, ``/health/ready``.

It has a thread of its own and reads the status files, so it answers while the event loop is busy.
"""

import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from mingcha.core.clock import now_us
from mingcha.gateway import metrics
from mingcha.gateway.forwarder import metrics as forwarding
from mingcha.gateway.stats import statuses

Respond = Callable[[str, list[tuple[str, str]]], Any]
OK, UNWELL, NOT_FOUND = "200 OK", "503 Service Unavailable", "404 Not Found"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 10.0  # who asks must not hold a thread for ever

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: a scrape every 15 s is no event."""


class Watch:
    """Serves until ``close``. ``names``: the gateways it answers for; the port is free to choose with 0."""

    def __init__(self, folder: Path, names: Iterable[str], *, host: str, port: int) -> None:
        self._folder = folder
        self._names = tuple(names)
        self._server = make_server(host, port, self._answer, _Server, _Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], respond: Respond) -> list[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            found = {name: status for name, status in statuses(self._folder).items() if name in self._names}
            told = [*metrics.families(found), *forwarding.families(forwarding.statuses(self._folder))]
            return _said(respond, OK, metrics.CONTENT_TYPE, metrics.page(told))
        if path == "/health/live":
            return _said(respond, OK, "application/json", b'{"ok": true}')
        if path == "/health/ready":
            reasons = metrics.ailments(self._folder, now_us(), self._names)
            body = json.dumps({"ok": not reasons, "reasons": reasons}).encode()
            return _said(respond, UNWELL if reasons else OK, "application/json", body)
        return _said(
            respond,
            NOT_FOUND,
            "text/plain",
            b"found no such page; ask for /metrics, /health/live or /health/ready\n",
        )


def _said(respond: Respond, status: str, kind: str, body: bytes) -> list[bytes]:
    respond(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]
