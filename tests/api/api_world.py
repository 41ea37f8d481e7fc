"""One region for the tests of the API: people of both sides, frames, values, and one of everything on each side."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.people import MN, OTHER_MN, People, people

from mingcha.api import stores
from mingcha.apps.cases.services import case_assign, case_open
from mingcha.apps.disclosure.services import snapshot_publish
from mingcha.apps.disclosure.values import content_for
from mingcha.apps.duties.services import duty_open
from mingcha.apps.findings.services import finding_dismiss, finding_record_clues, finding_record_verdicts
from mingcha.apps.findings.values import REASONS, reasons
from mingcha.apps.maintenance.services import record_save, visit_sign_in
from mingcha.apps.marking.services import mark_submit
from mingcha.apps.notices.services import notice_send
from mingcha.apps.registry.selectors import outlet_facts
from mingcha.core.aggregates import DayValue, HourCode, HourValue
from mingcha.core.clock import beijing_day, day_start, format_digits, hour_start, now, to_us
from mingcha.core.clues import Clue
from mingcha.core.refs import FrameRef
from mingcha.core.verdicts import Level, Receipt, Result, Verdict
from mingcha.flow.values import Judgement
from mingcha.protocol.hj212 import decode, encode, frame_of, packet_of
from mingcha.store.journal import Direction, Entry, Journal

NOX, O2, PH = "a21002", "a19001", "w01018"
PASSWORD = "654321"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SIDES = ("o", "s")  # ours, the stranger's


@dataclass
class World:
    """``first``: start of the first hour with values. Dictionaries by side."""

    people: People
    now: datetime
    first: datetime
    raw: dict[str, bytes] = field(default_factory=dict)
    refs: dict[str, FrameRef] = field(default_factory=dict)
    open: dict[str, Any] = field(default_factory=dict)
    taken: dict[str, Any] = field(default_factory=dict)
    cases: dict[str, Any] = field(default_factory=dict)
    duties: dict[str, Any] = field(default_factory=dict)
    visits: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, Any] = field(default_factory=dict)
    clue: Any = None
    dismissed: dict[str, Any] = field(default_factory=dict)
    notice: Any = None
    snapshots: list[Any] = field(default_factory=list)

    def outlet(self, side: str) -> Any:
        return self.people.outlet if side == "o" else self.people.stranger_outlet

    def path(self, side: str) -> str:
        return f"/api/outlets/{self.outlet(side).key}"


def build() -> World:
    present = now()
    world = World(people(present - timedelta(days=1)), present, hour_start(present) - 6 * HOUR)
    _readings(world)
    _computed(world)
    for side in SIDES:
        _objects(world, side)
    world.clue = finding_record_clues(clues=[_clue(world)], at=present)[0]
    world.notice = notice_send(
        users=[world.people["district_regulator"]], kind="must", cause="a", title_zh="请核实", at=present
    )[0]
    _published(world)
    return world


def frame(mn: str, st: str, cn: str, moment: datetime, fields: str) -> bytes:
    return encode(
        edition="2017", qn=format_digits(moment, milliseconds=True), st=st, cn=cn, pw=PASSWORD, mn=mn, flag=5,
        cp=f"DataTime={format_digits(moment)};{fields}",
    )  # fmt: skip


def _readings(world: World) -> None:
    """Minute values of an hour; the second one is sent again with another value, an hour later; one is no number."""
    rows = [
        (world.first + 10 * step * MINUTE, MN, "31", f"{NOX}-Avg={20 + step}.50,{NOX}-Flag=N", MINUTE)
        for step in range(6)
    ]
    rows[3] = (*rows[3][:3], f"{NOX}-Avg=-,{NOX}-Flag=D", MINUTE)
    rows.append((*rows[1][:3], f"{NOX}-Avg=99.50,{NOX}-Flag=N", HOUR))
    rows.append((world.first, OTHER_MN, "32", f"{PH}-Avg=7.1,{PH}-Flag=N", MINUTE))
    made = [(time + wait, mn, frame(mn, st, "2051", time, text)) for time, mn, st, text, wait in rows]
    with_journal = Journal(stores.journal().folder)
    refs = with_journal.append(
        [Entry(Direction.IN, to_us(at), "c1", mn, "accepted", raw) for at, mn, raw in made]
    )
    with_journal.close()
    packets = []
    for (at, _, raw), ref in zip(made, refs, strict=True):
        cut = frame_of(raw)
        assert cut is not None
        packet = packet_of(decode(cut), received=at, ref=ref)
        assert packet is not None
        packets.append(packet)
    stores.telemetry().write(packets, position=refs[-1])
    world.raw = {"o": made[0][2], "s": made[-1][2]}
    world.refs = {"o": refs[0], "s": refs[-1]}


def _computed(world: World) -> None:
    """Three hours and a day; the second hour was computed again two hours later."""
    key, store = world.people.outlet.key, stores.telemetry()
    hours = [
        HourValue(key, NOX, world.first + n * HOUR, HourCode.NORMAL, 60, 20.25 + n, converted=30.5 + n)
        for n in range(2)
    ]
    gap = HourValue(key, NOX, world.first + 2 * HOUR, HourCode.NO_DATA, 0, None)
    store.write_hours([*hours, gap], at=world.first + 3 * HOUR)
    again = HourValue(key, NOX, world.first + HOUR, HourCode.NORMAL, 60, 44.125, converted=55.5)
    store.write_hours([again], at=world.first + 5 * HOUR)
    day = day_start(beijing_day(world.now - timedelta(days=1)))
    store.write_days([DayValue(key, NOX, day, 24, 24, 21.5)], at=world.now - HOUR)


def _judgement(world: World, side: str, factor: str, ago: float) -> Judgement:
    start = world.now - timedelta(days=ago)
    receipt = Receipt("hj75.hour_limit", "1", "附录C.6", "only one", inputs={"value": 120.0})
    verdict = Verdict(
        Result.EXCEEDED, "over", "120 超过限值", "120 above the limit", Level.GENERAL, {}, receipt
    )
    key = world.outlet(side).key
    return Judgement("hj75.hour_limit", key, factor, start, start + HOUR, verdict)


def _clue(world: World) -> Clue:
    return Clue(
        world.people.outlet.key, NOX, world.now - 6 * HOUR, world.now - HOUR, "constant_run", "1", 0.8,
        Level.GENERAL, "malfunction", "疑似恒值", "Looks constant",
    )  # fmt: skip


def _objects(world: World, side: str) -> None:
    found, at = world.people, world.now
    prefix = "" if side == "o" else "stranger_"
    given = [_judgement(world, side, NOX, ago) for ago in (9, 6, 3)]
    made = [finding_record_verdicts(judgements=[one], at=at)[0] for one in given]
    world.taken[side], world.open[side], world.dismissed[side] = made
    by = found["city_regulator"]
    world.cases[side] = case_open(findings=[world.taken[side]], by=by, at=at)
    case_assign(case=world.cases[side], assignee=by, by=by, at=at)
    dismissed = world.dismissed[side]
    dismissed.refresh_from_db()
    _dismiss(dismissed, by, at)
    organisation = found.discharger if side == "o" else found.stranger
    world.duties[side] = duty_open(
        kind="visit_confirmation", organisation=organisation, subject_kind="visit", subject_id=side,
        anchor_at=at, title_zh="确认", at=at,
    )  # fmt: skip
    technician = found[f"{prefix}technician"]
    world.visits[side] = visit_sign_in(
        technician=technician, outlet=world.outlet(side), activity="repair", at=at - HOUR
    )
    form = "gas_repair" if side == "o" else "ww_repair"
    record_save(visit=world.visits[side], form=form, values=REPAIR, author=technician, at=at)
    world.marks[side] = mark_submit(
        outlet=world.outlet(side), start=at - 3 * HOUR, end=at - 2 * HOUR, item="fault", reason="采样泵故障",
        by=found[f"{prefix}discharger_officer"], at=at,
    )  # fmt: skip
    for row in (world.open[side], world.taken[side], world.cases[side]):
        row.refresh_from_db()


def _dismiss(finding: Any, by: Any, at: datetime) -> None:
    reason = next(key for key in REASONS if not reasons()[key].get("words"))
    finding_dismiss(finding=finding, reason=reason, by=by, at=at)


REPAIR = {"equipment_name": "采样泵"}


def _published(world: World) -> None:
    outlet, key = world.people.outlet, world.people.outlet.key
    facts = outlet_facts(key, beijing_day(world.now))
    hours = [HourValue(key, NOX, world.first, HourCode.NORMAL, 60, 20.25, converted=30.5)]
    for value, why in ((20.25, "hour"), (21.75, "revision")):
        hours = [HourValue(key, NOX, world.first, HourCode.NORMAL, 60, value, converted=value)]
        content = content_for(outlet, hours, facts.limits, [], {}, world.now)
        made = snapshot_publish(outlet=outlet, content=content, at=world.now, why=why)
        world.snapshots.append(made)
