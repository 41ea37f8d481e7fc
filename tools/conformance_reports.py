"""Write docs/conformance: our simulated logger and our gateway under our own conformance tool, all editions.

Takes some four minutes, as the slow cases watch intervals of 30 s. ``python tools/conformance_reports.py [FOLDER]``.
"""

import asyncio
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mingcha.core.clock import now
from mingcha.gateway import Gateway, Policy, Station
from mingcha.gateway.conformance import Outcome, Run, Runner, Settings
from mingcha.gateway.conformance.report import as_markdown
from mingcha.gateway.simulator import fleet
from mingcha.gateway.simulator.datalogger import ASK_DRIFT_S, DataLogger, key_for
from mingcha.gateway.simulator.faults import ClockDrift
from mingcha.protocol.hj212 import Decoding
from mingcha.protocol.hj212.editions import EDITIONS
from mingcha.store.journal import Journal

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "conformance"
KEY = b"msbE74gsiSHSEh5e"  # the one printed in an example of 2025
INTERVAL_S = 30.0  # the shortest real-time interval of the standard
ONLY_2025 = ("encryption:1", "heartbeat:1", "old-key:1", "registration:1")
ASKS = ClockDrift(seconds=ASK_DRIFT_S)  # just enough for 1013, and half of what a host puts up with
RESET_S = 1.0  # the clock is set after 1013 and, in another case, after drift
OVERTIME_S = 2.0  # of our gateway: resends show within the time-out of a run


async def of_logger(edition: str) -> Run:
    (outlet,) = fleet.outlets(
        1, edition=edition, seed=3, faults=["+".join(["split:1", *(ONLY_2025 if edition == "2025" else ())])]
    )
    outlet = replace(outlet, faults=(*outlet.faults, ASKS))
    key = key_for(outlet.profile).encode() if edition == "2025" else None
    mn = outlet.profile.mn if edition == "2025" else ""  # what is given to the logger that registers
    settings = Settings("logger", mn=mn, key=key, timeout_s=5.0, quiet_s=1.0, control=True, slow=True)
    runner = Runner(settings, host="127.0.0.1", port=0, listen=True)
    async with runner.opened() as port:
        logger = DataLogger(
            outlet, host="127.0.0.1", port=port, interval_s=INTERVAL_S, since=now() - timedelta(minutes=30)
        )
        running = asyncio.create_task(logger.run())
        try:
            return await runner.play()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def of_host(edition: str, folder: Path) -> Run:
    mn, key = fleet.mn_of(1, edition, 5), KEY if edition == "2025" else None
    station = Station(mn, "123456", "", decoding=Decoding(keys=(key,) if key else ()))
    journal = Journal(folder / "journal")
    gateway = Gateway(
        journal, {mn: station}.get, policy=Policy(overtime_s=OVERTIME_S, reset_after_s=RESET_S), folder=folder
    )
    try:
        port = await gateway.start()
        settings = Settings(
            "host", edition=edition, mn=mn, password="123456", key=key, timeout_s=5.0, quiet_s=1.0
        )
        runner = Runner(settings, host="127.0.0.1", port=port, listen=False)
        async with runner.opened():
            run = await runner.play()
        await gateway.stop()
    finally:
        journal.close()
    return run


async def every() -> list[Run]:
    with tempfile.TemporaryDirectory() as scratch:
        return await asyncio.gather(
            *(of_logger(edition) for edition in EDITIONS),
            *(of_host(edition, Path(scratch) / edition) for edition in EDITIONS),
        )


def main(folder: Path) -> bool:
    runs = asyncio.run(every())
    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        name = f"{run.settings.tested}_{run.edition}.md"
        (folder / name).write_text(as_markdown(run), encoding="utf-8")
        print(
            name, ", ".join(f"{run.count(outcome)} {outcome}" for outcome in Outcome), f"{run.took_s:.0f} s"
        )
    return all(run.passed for run in runs)


if __name__ == "__main__":
    sys.exit(0 if main(Path(sys.argv[1]) if sys.argv[1:] else FOLDER) else 1)
