"""What `mingcha worker` does, in batches so small that a kill falls between any two steps."""

from datetime import timedelta

from django.core.management import call_command
from tests.people import MN, OTHER_MN, people
from tests.workers.station import AT, COD, FLOW, HOUR, START, TEN, entry, frame, risen, stack

from mingcha.apps.duties.services import duties_expire, duty_open
from mingcha.core.clock import beijing_day
from mingcha.site import data
from mingcha.store.journal import Journal, JournalReader
from mingcha.workers import jobs, queue
from mingcha.workers.projection import Projector
from mingcha.workers.restating import Restater

NOW = START + 7 * 24 * HOUR + timedelta(hours=2)
DUTIES = 20


def make(hours: int) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    found = people(AT)
    rows = [(MN, row) for row in risen(stack(hours), 30, 3, 2.3)]
    rows += [(OTHER_MN, {COD: 30.0 + n % 7, FLOW: 20.0 + n % 5}) for n in range(hours * 6)]
    with Journal(data.journal_folder()) as journal:
        by_day: dict[object, list[object]] = {}
        for place, (mn, row) in enumerate(rows):
            moment = START + place % (hours * 6) * TEN
            by_day.setdefault(beijing_day(moment + TEN), []).append(
                entry(mn, frame(mn, moment, row), moment + TEN)
            )
        for _, entries in sorted(by_day.items(), key=lambda pair: str(pair[0])):
            for first in range(0, len(entries), 40):
                journal.append(entries[first : first + 40])  # type: ignore[arg-type]
    before = AT - timedelta(days=3)
    for number in range(DUTIES):
        duty_open(
            kind="visit_confirmation", organisation=found.discharger, subject_kind="thing", subject_id=number,
            anchor_at=before, title_zh=f"确认 {number}", at=before,
        )  # fmt: skip


def work() -> None:
    telemetry = data.open_readings()
    projector, restater = Projector(JournalReader(data.journal_folder()), telemetry), Restater(telemetry)
    queue.reclaim()
    print("ready", flush=True)
    restater.refresh(NOW)
    duties_expire(at=AT)
    while True:
        done = projector.step(30) + restater.step(NOW, limit=3) + jobs.dispatch()
        queue.drain()
        if not done and not restater.close_silent(NOW):
            break
    print("done", flush=True)
