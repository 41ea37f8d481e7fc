"""Project a station again from some moment on: what was kept of it since goes, and what its frames say now comes.

Nothing else is deleted from ``readings``. It keeps the promise that the content follows from the journal and the
settings alone: a frame that counts only now (a station adopted later, a setting or key dated in the past) takes its
place in the order of reception, and the frames behind it are compared with it anew.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from mingcha.core.clock import from_us, to_us
from mingcha.core.packets import Packet
from mingcha.core.refs import FrameRef
from mingcha.store.telemetry.recent import reader, writer
from mingcha.store.telemetry.recent.connection import Session
from mingcha.store.telemetry.recent.sealing import Hooks
from mingcha.store.telemetry.values import WriteReport

AGAIN = "again"  # note: how often a station was projected anew
Gather = Callable[[datetime, Mapping[str, FrameRef]], Sequence[Packet]]

_POINTS = "SELECT id, name FROM names WHERE sort = 'point' AND substr(name, 1, CAST(? AS INTEGER)) = ?"
# Rows of a key that were kept behind the first row to go, though received before it (two gateways), go as well.
_FIRST = """
SELECT min(r.time * 1000000 + r.delay) FROM readings AS r JOIN (
    SELECT kind, time, min(seq) AS seq FROM readings WHERE point = ? AND time * 1000000 + delay >= ? GROUP BY kind, time
) AS gone ON r.point = ? AND r.kind = gone.kind AND r.time = gone.time AND r.seq >= gone.seq
"""
_HOURS = "SELECT DISTINCT time / 3600 * 3600 FROM readings WHERE point = ? AND time * 1000000 + delay >= ?"
_COUNT = """
INSERT INTO meta VALUES (?, ?)
ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS INTEGER) + 1 AS TEXT)
"""
_DELETE = "DELETE FROM readings WHERE point = ? AND time * 1000000 + delay >= ?"


def project_again(session: Session, mn: str, start: datetime, gather: Gather, hooks: Hooks) -> WriteReport:
    """Replace what was received of ``mn`` since ``start`` by what ``gather`` finds.

    ``gather``: called with the moment from which it must begin (``start``, or somewhat earlier) and the positions to
    which each gateway is projected; gives the packets between them in the order they were received.
    """
    db = session.db
    points = dict(db.execute(_POINTS, (len(mn) + 1, f"{mn}/")).fetchall())
    names = sorted(points.values())
    first_us = _first(session, [*points], to_us(start), lambda since: hooks.reopen_received(names, since))
    packets = gather(from_us(first_us), reader.positions(session))
    hours = set()
    for point in points:
        hours |= {(point, hour) for (hour,) in db.execute(_HOURS, (point, first_us)).fetchall()}
        db.execute(_DELETE, (point, first_us))
    writer.mark(db, hours)
    hooks.reopen_newest(names)
    writer.renew_latest(session, [*points])
    db.execute(_COUNT, (AGAIN, "1"))
    return writer.write(session, packets, None, hooks)


def _first(session: Session, points: Sequence[int], start_us: int, reopen: Callable[[int], None]) -> int:
    """From when on rows go, so that those left of each key are its first."""
    while True:
        reopen(start_us)
        found = [session.db.execute(_FIRST, (point, start_us, point)).fetchone()[0] for point in points]
        earliest = min([moment for moment in found if moment is not None], default=start_us)
        if earliest >= start_us:
            return start_us
        start_us = earliest
