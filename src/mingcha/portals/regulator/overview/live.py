"""Server-sent events: tells open pages that there is something new. Holds no database connection while it waits."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from asgiref.sync import sync_to_async
from django.db import connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from mingcha.apps.accounts.permissions import Viewer
from mingcha.apps.accounts.roles import REGULATOR_ROLES
from mingcha.apps.audit import selectors as audit
from mingcha.apps.findings import selectors as findings
from mingcha.portals.shared import stores

PERIOD_S = 2.0  # between looks; also the most often a page is told
ALIVE_EVERY = 8  # looks without news before a comment keeps proxies from closing
SHARED_S = 1.0  # all streams of a process share one look at the stores


@dataclass(frozen=True, slots=True)
class News:
    """``readings``: new ones were projected. ``findings``: how many the viewer has not been told of."""

    readings: bool
    findings: int


class Listens(Protocol):
    """Somebody who looks again and says what is new since the last look."""

    def step(self) -> News: ...


class _Look:
    """Positions of the projection and the last audited event; one look for all streams of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._seen = ("", 0)

    def __call__(self) -> tuple[str, int]:
        with self._lock:
            if time.monotonic() - self._at > SHARED_S:
                head = audit.head()
                self._seen = (str(sorted(stores.telemetry().positions().items())), head.id if head else 0)
                self._at = time.monotonic()
            return self._seen


_look = _Look()


class Listener:
    """What one viewer has been told. Findings are counted only when the audit moved."""

    def __init__(self, user: Viewer) -> None:
        self.user = user
        self.readings, self.events = _look()
        self.last = self._newest()

    def step(self) -> News:
        readings, events = _look()
        fresh = 0
        if events != self.events:
            fresh = findings.findings_visible_to(self.user).filter(pk__gt=self.last).count()
            self.last = self._newest() if fresh else self.last
        moved = readings != self.readings
        self.readings, self.events = readings, events
        return News(moved, fresh)

    def _newest(self) -> int:
        row = findings.findings_visible_to(self.user).order_by("-pk").first()
        return row.pk if row is not None else 0


async def stream(request: HttpRequest) -> HttpResponseBase:
    """``text/event-stream`` of ``news``: {"readings": 0 or 1, "findings": number}."""
    user = await request.auser()
    if getattr(user, "role", "") not in REGULATOR_ROLES:
        return HttpResponse(status=403)
    response = StreamingHttpResponse(_for(user), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"  # nginx would hold events back
    return response


async def _for(user: Viewer) -> AsyncIterator[bytes]:
    listener = await sync_to_async(_begun, thread_sensitive=False)(user)
    async for event in told(listener):
        yield event


async def told(listener: Listens, *, period_s: float = PERIOD_S) -> AsyncIterator[bytes]:
    """Events for one viewer, for as long as the page listens. The first says only that the stream is open."""
    yield _event(News(False, 0))
    look = sync_to_async(_stepped, thread_sensitive=False)
    quiet = 0
    while True:
        await asyncio.sleep(period_s)
        news = await look(listener)
        quiet = 0 if news.readings or news.findings else quiet + 1
        if not quiet:
            yield _event(news)
        elif quiet % ALIVE_EVERY == 0:
            yield b": alive\n\n"


def _begun(user: Viewer) -> Listener:
    try:
        return Listener(user)
    finally:
        connections.close_all()


def _stepped(listener: Listens) -> News:
    try:
        return listener.step()
    finally:
        connections.close_all()


def _event(news: News) -> bytes:
    body = json.dumps({"readings": int(news.readings), "findings": news.findings})
    return f"event: news\ndata: {body}\n\n".encode()
