"""From a finding back to the bytes that came in."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from tests.people import People
from tests.workers.station import AT, HOUR, LATER, NOX, START, Station, changed, risen, stack

from mingcha.apps.duties.services import duties_expire, duty_open
from mingcha.apps.findings.models import Finding
from mingcha.apps.findings.services import finding_record_late_duty
from mingcha.core.errors import NotFound
from mingcha.core.refs import FrameRef
from mingcha.workers.explaining import MOST_FRAMES, Explainer


def steps(walk: dict[str, Any], start: str) -> Iterator[dict[str, Any]]:
    if walk["title"].startswith(start):
        yield walk
    for part in walk["from"]:
        yield from steps(part, start)


def explained(station: Station, found: Finding) -> dict[str, Any]:
    walk = Explainer(station.telemetry, station.reader).finding(found.number).as_json()
    again: dict[str, Any] = json.loads(json.dumps(walk, ensure_ascii=False, default=str))
    return again


def assert_frames_are_the_journals(station: Station, frames: list[dict[str, Any]]) -> None:
    assert frames
    for one in frames:
        ref = FrameRef.parse(one["title"].removeprefix("frame "))
        raw = station.reader.read(ref).raw
        assert one["sha256"] == sha256(raw).hexdigest()
        assert one["block"] == station.reader.block_hash(ref)
        assert "PW=******" in one["raw"]
        assert "123456" not in one["raw"]


def test_a_rule_finding_leads_to_each_frame_of_its_hours(gas: Station) -> None:
    gas.send(risen(stack(48), 30, 3, 2.3))
    gas.run(START + 48 * HOUR + LATER)
    walk = explained(gas, Finding.objects.get())
    [receipt] = steps(walk, "receipt")
    assert receipt["receipt"]["rule"] == "hj75.hour_limit"
    assert receipt["verdict"]["clause"]
    hours = list(steps(walk, "hour "))
    assert len(hours) == 3
    assert all(len(list(steps(hour, "frame "))) == 6 for hour in hours)
    assert_frames_are_the_journals(gas, list(steps(walk, "frame ")))


def test_a_clue_leads_to_the_frames_of_its_span(gas: Station) -> None:
    gas.send(changed(stack(7 * 24), 100, 20, **{NOX: 31.4}))
    gas.run(START + 7 * 24 * HOUR + LATER)
    walk = explained(gas, Finding.objects.get())
    [clue] = steps(walk, "clue")
    assert clue["clue"]["detector"] == "S1"
    assert len(list(steps(walk, "hour "))) == 20
    assert_frames_are_the_journals(gas, list(steps(walk, "frame ")))


def test_a_late_duty_leads_to_the_deadline_it_missed(gas: Station, region: People) -> None:
    before = AT - timedelta(days=2)
    duty_open(
        kind="visit_confirmation", organisation=region.discharger, subject_kind="thing", subject_id="1",
        anchor_at=before, title_zh="确认", at=before,
    )  # fmt: skip
    [duty] = duties_expire(at=AT)
    walk = explained(gas, finding_record_late_duty(duty=duty, at=AT))
    [said] = steps(walk, "duty")
    assert said["duty"]["due_at"]
    assert said["duty"]["clause"]


def test_more_frames_than_fit_are_counted(gas: Station) -> None:
    """An hour of minute frames holds sixty."""
    rows = [row for row in risen(stack(2), 0, 1, 5.0) for _ in range(10)]
    gas.journal.append([])
    for n, row in enumerate(rows[:60]):
        gas.send([row], start=START + timedelta(minutes=n))
    gas.run(START + HOUR + LATER)
    walk = explained(gas, Finding.objects.get())
    [hour] = steps(walk, "hour ")
    assert len(list(steps(hour, "frame "))) == MOST_FRAMES
    assert hour["from"][-1]["title"] == f"… and {60 - MOST_FRAMES} more frames"


def test_the_text_form_says_the_same(gas: Station) -> None:
    gas.send(risen(stack(24), 9, 1, 5.0))
    gas.run(START + 24 * HOUR + LATER)
    found = Finding.objects.get()
    text = "\n".join(Explainer(gas.telemetry, gas.reader).finding(found.number).lines())
    for part in (found.number, "receipt", "hour ", "frame ", "sha256", "CN=2051"):
        assert part in text


@pytest.mark.usefixtures("region")
def test_an_unknown_finding_is_said(gas: Station) -> None:
    with pytest.raises(NotFound, match="F-2026-999999"):
        Explainer(gas.telemetry, gas.reader).finding("F-2026-999999")
