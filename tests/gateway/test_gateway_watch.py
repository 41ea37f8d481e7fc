"""What those see who watch: metrics, health, and logs in which no byte of a frame stands."""

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rig import MN, PW, frame, known, running

from mingcha.gateway import Station, metrics
from mingcha.gateway.stats import Histogram, boards, statuses
from mingcha.gateway.watch import Watch

ROOT = Path(__file__).resolve().parents[2]


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_metrics_count_what_passed_the_socket(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, known(Station(MN, PW, "outlet"))) as rig:
            watch = Watch(tmp_path, ["g0"], host="127.0.0.1", port=0)
            try:
                peer = await rig.peer()
                await peer.ask(frame())
                await peer.ask(frame(edition="2025"))
                await peer.ask(frame(pw="000000"))
                await peer.send(frame(mn="0" * 23 + "1") + frame()[:-6] + b"0001\r\n")
                await rig.settled(
                    lambda: statuses(tmp_path).get("g0", {}).get("verdicts", {}).get("rejected") == 1
                )
                status, text = await asyncio.to_thread(asked, watch.port, "/metrics")
                assert (await asyncio.to_thread(asked, watch.port, "/health/ready")) == (
                    200,
                    '{"ok": true, "reasons": []}',
                )
                assert (await asyncio.to_thread(asked, watch.port, "/elsewhere"))[0] == 404
            finally:
                watch.close()
            found = samples(text)
            assert status == 200
            assert found["mingcha_frames_total", "g0"] == 4
            verdicts = {key[2]: n for key, n in found.items() if key[0] == "mingcha_verdicts_total"}
            assert verdicts == {"accepted": 2, "deviating": 1, "quarantine": 1, "rejected": 1}
            assert found["mingcha_editions_total", "2025", "g0"] == 1
            assert found["mingcha_problems_total", "pw_wrong", "g0"] == 1
            assert found["mingcha_connections", "g0"] == 1
            assert (
                found["mingcha_commit_seconds_bucket", "g0", "+Inf"]
                == found["mingcha_commits_total", "g0"]
                > 0
            )
            assert found["mingcha_clock_drift_seconds_count", "g0"] == 1
            assert found["mingcha_received_bytes_total", "g0"] == sum(len(e.raw) for e in rig.received())

    asyncio.run(scene())


def test_ready_says_what_ails(tmp_path: Path) -> None:
    status = {"at_us": 100_000_000, "journal_error": ""}
    path = tmp_path / "gateway-g0.status.json"
    path.write_text(json.dumps(status))
    assert metrics.ailments(tmp_path, 105_000_000, ["g0"]) == []
    assert "has not written its status for 20 s" in metrics.ailments(tmp_path, 120_000_000)[0]
    assert "g1 has not written its status yet" in metrics.ailments(tmp_path, 105_000_000, ["g0", "g1"])[0]
    path.write_text(json.dumps({**status, "journal_error": "disk is full"}))
    assert metrics.ailments(tmp_path, 105_000_000) == ["gateway g0 cannot store frames: disk is full"]


def test_buckets_hold_all_below_their_bound() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        histogram.add(value)
    assert histogram.plain() == {"bounds": [1.0, 2.0], "counts": [2, 1, 1], "sum": 12.0}


def test_the_board_tells_of_each_station_what_it_sent(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, known(Station(MN, PW, "outlet"))) as rig:
            peer = await rig.peer()
            await peer.ask(frame())
            await peer.ask(frame(pw="000000", ahead=100))

    asyncio.run(scene())
    row = boards(tmp_path)[MN]
    assert (row["edition"], row["frames"], row["deviations"]) == (
        "2017",
        2,
        {"pw_wrong": 1, "clock_drift": 1},
    )
    assert 98 < row["drift_s"] < 102


def test_boards_of_several_gateways_are_added_up(tmp_path: Path) -> None:
    row = {"edition": "2017", "frames": 2, "last_seen_us": 5, "drift_s": 1.0, "deviations": {"tail": 1}}
    for gateway, more in (("g0", {}), ("g1", {"edition": "2025", "last_seen_us": 9})):
        (tmp_path / f"gateway-{gateway}.stations.json").write_text(json.dumps({MN: {**row, **more}}))
    assert boards(tmp_path)[MN] == {
        **row,
        "edition": "2025",
        "last_seen_us": 9,
        "frames": 4,
        "deviations": {"tail": 2},
    }


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "MINGCHA_DATA": str(folder), "PYTHONPATH": str(ROOT / "src"), **more}


def mingcha(folder: Path, *arguments: str, **more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "mingcha", *arguments]
    return subprocess.Popen(
        command, env=environment(folder, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.fixture
def records(tmp_path: Path) -> Path:
    done = mingcha(tmp_path, "migrate")
    assert done.wait(60) == 0, done.communicate()[0]
    return tmp_path


def said(
    process: "subprocess.Popen[str]", pattern: str, lines: list[str], *, within: float = 30
) -> re.Match[str]:
    """The first line it prints that matches; all lines are kept."""
    assert process.stdout is not None
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        assert line, f"it ended: {lines}"
        lines.append(line)
        if found := re.search(pattern, line):
            return found
    raise AssertionError(lines)


def ended(process: "subprocess.Popen[str]", lines: list[str]) -> str:
    process.terminate()
    rest, _ = process.communicate(timeout=30)
    return "".join(lines) + rest


async def bothered(port: int) -> None:
    """Strangers, wrong passwords, noise, half frames, clocks that are off."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        frame(mn="5EC2E7" + "0" * 18) + frame(ahead=9000) + b"##0100QN=2;PW=s3cret;garbage" + frame()[:60]
    )
    writer.write(
        b"\x00\xff" * 300 + frame(mn="\x1b[31mred") + frame(cp="DataTime=20260101000000;a21026-Rtd=7.77123")
    )
    await writer.drain()
    await asyncio.sleep(0.5)
    writer.close()


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_names_events_and_never_a_payload(form: str, records: Path) -> None:
    more = {"MINGCHA_LOG_LEVEL": "DEBUG", "MINGCHA_LOG_FORMAT": form}
    process, lines = mingcha(records, "gateway", "--port", "0", "--metrics-port", "0", **more), []
    try:
        port = int(said(process, r"listens on 127.0.0.1:(\d+)", lines)[1])
        watch = int(said(process, r"127.0.0.1:(\d+)/metrics", lines)[1])
        asyncio.run(bothered(port))
        assert asked(watch, "/health/live")[0] == 200
    finally:
        text = ended(process, lines)
    assert "quarantine" in text
    assert "5EC2E7" in text
    if form == "json":
        events = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        assert {"event", "level", "timestamp", "mn", "conn"} <= events[0].keys()
    for secret in ("PW=", "s3cret", PW, "QN=", "##0", "7.77123", "DataTime", "\x1b[31mred"):
        assert secret not in text, f"{secret!r} stands in the log"
    assert process.returncode == 0
