"""A message against the moment it was received: the one check that needs a clock, handed in."""

from datetime import datetime, timedelta

from mingcha.core.clock import hour_start, parse_digits
from mingcha.core.packets import HOUR, KINDS, REALTIME
from mingcha.protocol.hj212.events import Problem
from mingcha.protocol.hj212.limits import DRIFT_ACT_S, DRIFT_WARN_S
from mingcha.protocol.hj212.message import Message
from mingcha.protocol.hj212.verdicts import problem


def check_times(message: Message, received: datetime) -> tuple[Problem, ...]:
    """``future``, ``clock_drift`` and ``interval_end``; all accepted, all counted.

    The clock of the field machine is read from QN, and from DataTime of real-time data where there is no QN;
    supplements say nothing about it.
    """
    found = []
    data_time = parse_digits((message.field("DataTime") or "")[:14]) if message.cn in KINDS else None
    clock = parse_digits(message.qn) or (data_time if message.cn == REALTIME else None)
    ahead = [name for name, moment in (("QN", clock), ("DataTime", data_time)) if _ahead(moment, received)]
    if ahead:
        found.append(problem("future", f"{' and '.join(ahead)} over {DRIFT_ACT_S} s ahead of our clock"))
    drift = drift_s(message, received)
    if drift is not None and abs(drift) > DRIFT_WARN_S and not message.supplement:
        found.append(problem("clock_drift", f"{drift:+.0f} s against ours"))
    if message.cn == HOUR and data_time is not None and hour_start(received) == data_time:
        found.append(problem("interval_end", "an hour was reported before it was over"))
    return tuple(found)


def drift_s(message: Message, received: datetime) -> float | None:
    """Seconds the field machine's clock is ahead of ours (below zero: behind); None where unknown."""
    moment = parse_digits(message.qn)
    if moment is None and message.cn == REALTIME:
        moment = parse_digits((message.field("DataTime") or "")[:14])
    return None if moment is None else (moment - received).total_seconds()


def _ahead(moment: datetime | None, received: datetime) -> bool:
    return moment is not None and moment - received > timedelta(seconds=DRIFT_ACT_S)
