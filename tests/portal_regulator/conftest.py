"""One region for the page tests: people of both sides, and a real chain of frames → journal → readings → findings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.people import MN, OTHER_MN, People, people

from mingcha import flow
from mingcha.apps.findings import services as findings
from mingcha.apps.registry import selectors as registry
from mingcha.core.clock import beijing_day, format_digits, hour_start, now, to_us
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.portals.shared import stores
from mingcha.protocol.hj212 import decode, encode, frame_of, packet_of
from mingcha.store.journal import Direction, Entry, Journal

BACKEND = "django.contrib.auth.backends.ModelBackend"
NOX, O2 = "a21002", "a19001"
PASSWORD = "654321"
HOURS = 6
OVER_HOUR, GAP_HOUR = 2, 4  # counted from the first


@dataclass(frozen=True)
class Region:
    """``first``: start of the first hour with data. ``finding``: the exceedance. ``over``: a minute in it."""

    people: People
    now: datetime
    first: datetime
    over: datetime
    ref: FrameRef
    finding: Any

    @property
    def outlet_url(self) -> str:
        outlet = self.people.outlet
        return f"/regulator/outlets/{outlet.discharger.uscc}/{outlet.code}/"

    @property
    def far_url(self) -> str:
        outlet = self.people.stranger_outlet
        return f"/regulator/outlets/{outlet.discharger.uscc}/{outlet.code}/"


def frame(mn: str, moment: datetime, nox: float, cn: str = "2051", st: str = "31") -> bytes:
    field = "Rtd" if cn == "2011" else "Avg"
    cp = (
        f"DataTime={format_digits(moment)};{NOX}-{field}={nox:.1f},{NOX}-Flag=N;{O2}-{field}=9.00,{O2}-Flag=N"
    )
    return encode(
        edition="2017",
        qn=format_digits(moment, milliseconds=True),
        st=st,
        cn=cn,
        pw=PASSWORD,
        mn=mn,
        flag=5,
        cp=cp,
    )


def history(first: datetime, present: datetime) -> list[tuple[datetime, bytes]]:
    """Ten-minute values of some hours: one hour above its limit, one without data; then one real-time value."""
    rows = []
    for step in range(HOURS * 6):
        hour, moment = step // 6, first + timedelta(minutes=10 * step)
        if hour != GAP_HOUR:
            rows.append((moment, frame(MN, moment, 120.0 if hour == OVER_HOUR else 20.0 + step % 5)))
    last = present.replace(microsecond=0) - timedelta(seconds=20)
    rows.append((last, frame(MN, last, 21.5, cn="2011")))
    rows.append((last, frame(OTHER_MN, last, 33.0, cn="2011", st="32")))
    return rows


def chain(rows: list[tuple[datetime, bytes]]) -> list[FrameRef]:
    """Journal the frames and project them."""
    entries = [
        Entry(
            Direction.IN,
            to_us(at + timedelta(seconds=3)),
            "c1",
            MN if MN.encode() in raw else OTHER_MN,
            "accepted",
            raw,
        )
        for at, raw in rows
    ]
    journal = Journal(stores.journal().folder)
    refs = journal.append(entries)
    journal.close()
    packets = []
    for (at, raw), ref in zip(rows, refs, strict=True):
        made = frame_of(raw)
        assert made is not None
        packet = packet_of(decode(made), received=at + timedelta(seconds=3), ref=ref)
        assert packet is not None
        packets.append(packet)
    stores.telemetry().write(packets, position=refs[-1])
    return refs


def judged(key: str, span: Span, at: datetime) -> Any:
    facts = registry.outlet_facts(key, beijing_day(at))
    restated = flow.restate(stores.telemetry(), facts, span)
    stores.telemetry().write_hours(restated.hours, at=at)
    stores.telemetry().write_days(restated.days, at=at)
    found = findings.finding_record_verdicts(
        outlet=key, span=span, judgements=flow.judge(restated.hours, facts), at=at
    )
    return found[0]


@pytest.fixture(autouse=True)
def _own_stores(settings: Any, tmp_path: Path) -> None:
    settings.READINGS = tmp_path / "readings.sqlite3"
    settings.JOURNAL_FOLDER = tmp_path / "journal"
    settings.BLOBS_FOLDER = tmp_path / "blobs"
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher"
    ]  # quick; its strength is not tried here


@pytest.fixture
def region(db: Any) -> Region:
    present = now()
    first = hour_start(present) - timedelta(hours=HOURS)
    found = people(present - timedelta(days=1))
    refs = chain(history(first, present))
    finding = judged(found.outlet.key, Span(first, first + timedelta(hours=HOURS)), present)
    over = first + timedelta(hours=OVER_HOUR)
    return Region(found, present, first, over, refs[OVER_HOUR * 6], finding)


@pytest.fixture
def as_person(region: Region) -> Callable[[str], Client]:
    """A browser in which the named person is signed in; "" is a stranger."""

    def sign_in(name: str) -> Client:
        client = Client(HTTP_HOST="localhost", HTTP_ACCEPT_LANGUAGE="zh-hans")
        if name:
            client.force_login(region.people[name], backend=BACKEND)
        return client

    return sign_in
