"""The whole way of a command in one process, in MINGCHA_DATA: records, queue, gateway, simulated logger, projection.

Prints one JSON object. ``host_process.py`` alone; ``test_gaps_filled.py`` reads what it prints.
"""

import asyncio
import json
from datetime import timedelta
from typing import Any

import django

OPEN = {"queued", "sent", "accepted", "running"}


def main() -> None:
    django.setup()
    from django.core.management import call_command
    from tests.people import MN, people

    from mingcha.cli.gateway import Register, register_of_records
    from mingcha.core.clock import now
    from mingcha.site import data
    from mingcha.store.journal import Journal

    call_command("migrate", interactive=False, verbosity=0)
    found = people(now())
    from mingcha.apps.devices import services

    services.access_set(datalogger=found.datalogger, password="123456", at=now())
    register: Register = register_of_records()
    register.refresh()
    telemetry = data.open_readings()
    with Journal(data.journal_folder()) as journal:
        print(json.dumps(asyncio.run(play(found, register, journal, telemetry, MN))), flush=True)


async def play(found: Any, register: Any, journal: Any, telemetry: Any, mn: str) -> dict[str, Any]:
    from mingcha.cli.orders import RecordsOrders
    from mingcha.core.clock import now
    from mingcha.gateway import Caps, Gateway
    from mingcha.gateway.host import Conduct
    from mingcha.gateway.simulator.datalogger import DataLogger
    from mingcha.gateway.simulator.history import Outlet
    from mingcha.gateway.simulator.plant import Profile
    from mingcha.site import data

    gateway = Gateway(
        journal, register, folder=data.data_folder(), caps=Caps(sweep_s=0.1, board_s=0.2), orders=RecordsOrders("g0"),
        conduct=Conduct(poll_s=0.1),
    )  # fmt: skip
    port = await gateway.start()
    logger = DataLogger(
        Outlet(Profile(mn, "coal_boiler", password="123456")),
        host="127.0.0.1",
        port=port,
        interval_s=0.3,
        since=now(),
    )
    speaking = asyncio.create_task(logger.run())
    try:
        return await asyncio.to_thread(watch, found, telemetry, mn)
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        await gateway.stop()


def watch(found: Any, telemetry: Any, mn: str) -> dict[str, Any]:
    """Ask as a person, look for gaps as the worker does, and wait for what comes of it."""
    from mingcha.apps.devices import selectors, services
    from mingcha.core.clock import now
    from mingcha.core.packets import HOUR
    from mingcha.core.spans import Span
    from mingcha.site import data
    from mingcha.store.journal import JournalReader
    from mingcha.workers.gaps import GapFinder, last_heard_in
    from mingcha.workers.projection import Projector

    by = found["city_regulator"]
    asked = [
        services.command_ask(mn=mn, command=name, values=values, by=by, at=now(), why="test").pk
        for name, values in (
            ("get_time", {}),
            ("get_minute_interval", {}),
            ("set_realtime_interval", {"realtime_interval_s": 30}),
        )
    ]
    projector = Projector(JournalReader(data.journal_folder()), telemetry)
    finder = GapFinder(telemetry, last_heard_in(data.data_folder()))
    point, began = f"{mn}/31", now()
    week = Span(began - timedelta(days=6), began - timedelta(hours=2))
    most_open = 0
    while now() - began < timedelta(seconds=45):
        while projector.step():
            pass
        finder.step(now())
        rows = list(selectors.commands_list(by))
        most_open = max(most_open, sum(row.state in OPEN for row in rows if row.asked_by is None))
        hours = telemetry.times(point, HOUR, week)
        if len(hours) >= 6 * 24 - 3 and not any(row.state in OPEN for row in rows if row.pk in asked):
            break
    rows = {row.pk: row for row in selectors.commands_list(by)}
    return {
        "asked": [[rows[pk].command, rows[pk].state, rows[pk].reason, rows[pk].results] for pk in asked],
        "hours": len(hours), "most_open": most_open,
        "system": [[r.command, r.state, r.values] for r in rows.values() if r.asked_by is None],
    }  # fmt: skip


if __name__ == "__main__":
    main()
