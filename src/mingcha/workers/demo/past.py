"""A week of history of the region, with its planned events, as the gateway would have received it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from mingcha.core.clock import beijing_day, day_start, hour_start
from mingcha.core.spans import Span
from mingcha.gateway.simulator.faults import BY_NAME, Fault
from mingcha.gateway.simulator.history import Outlet, Received, history, preserve
from mingcha.gateway.stations import Station
from mingcha.store.journal import Journal
from mingcha.workers.demo.loading import Loaded
from mingcha.workers.demo.region import region

HISTORY_DAYS = 7
PROGRESS_FRAMES = 1000


def history_span(at: datetime) -> Span:
    """The week before the running hour."""
    end = hour_start(at)
    return Span(end - timedelta(days=HISTORY_DAYS), end)


def live_outlets(loaded: Loaded) -> list[Outlet]:
    """The simulated loggers of the region: the same plants as in the history, nothing wrong now."""
    found = region()
    return [
        Outlet(replace(profile, password=loaded.stations[profile.mn].password), site.edition)
        for profile, site in ((site.profile(found.seed), site) for _, site in found.sites.values())
        if profile.mn in loaded.stations
    ]


def stories(at: datetime) -> list[tuple[str, Span, str, str]]:
    """What to look at: outlet path, span, and the sentence in Chinese and English."""
    return [(event["outlet"], _span(event, at), event["zh"], event["en"]) for event in region().events]


def past_outlets(loaded: Loaded, at: datetime) -> list[Outlet]:
    """The simulated loggers with what went wrong in the week before ``at``."""
    found = region()
    faults: dict[str, tuple[Fault, ...]] = {}
    for event in found.events:
        if "fault" in event:
            mn = found.sites[event["outlet"]][1].mn(found.seed)
            faults[mn] = (*faults.get(mn, ()), _fault(event, at))
    return [replace(one, faults=faults.get(one.profile.mn, ())) for one in live_outlets(loaded)]


def history_entries(loaded: Loaded, at: datetime) -> Iterator[Received]:
    """Every minute, hour and day frame of the week, in the order of receipt."""
    return history(past_outlets(loaded, at), history_span(at))


def write_history(
    journal: Journal,
    received: Iterable[Received],
    stations: Mapping[str, Station],
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Journal ``received`` as the gateway would have, answers too; the number of frames.

    The journal must hold nothing later. ``progress`` hears the number of frames every thousand.
    """
    done = 0

    def counted() -> Iterator[Received]:
        nonlocal done
        for one in received:
            yield one
            done += 1
            if done % PROGRESS_FRAMES == 0:
                progress(done)

    preserve(journal, counted(), stations.get)
    progress(done)
    return done


def _span(event: Mapping[str, Any], at: datetime) -> Span:
    """``day`` counts back from the Beijing day of ``at``; cut to the history."""
    day = beijing_day(at) - timedelta(days=event["day"])
    start = day_start(day) + timedelta(hours=event["hour"])
    return Span(start, start + timedelta(hours=event["hours"]))


def _fault(event: Mapping[str, Any], at: datetime) -> Fault:
    kind = BY_NAME[event["fault"]].fault
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in event.get("with", {}).items()
    }
    return kind(span=_span(event, at), **given)
