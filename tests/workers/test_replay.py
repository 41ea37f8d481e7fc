"""A journal replayed into another instance: into its data folder, and over the wire to its gateway."""

import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_projection import MN, START, frame

from mingcha.cli.feeding import Feeder, HostGone
from mingcha.cli.journal import journal
from mingcha.core.clock import from_us, to_us
from mingcha.core.refs import FrameRef
from mingcha.core.spans import Span
from mingcha.store.journal import Direction, Entry, Journal, JournalReader
from mingcha.store.journal.replay import Filter, Pace, Position, copy_into
from mingcha.store.telemetry import Telemetry
from mingcha.workers.projection import Projector

GATEWAY = Path(__file__).parents[1] / "gateway" / "gateway_process.py"
STATIONS = [f"{MN[:-2]}{n:02d}" for n in range(4)]
EVER = Filter(Span(from_us(0), START + timedelta(days=400)))


@pytest.fixture
def source(tmp_path):
    """Four stations, 40 moments on two days, with answers between, and a frame nobody could read."""
    with Journal(tmp_path / "a" / "journal") as writer:
        for n in range(40):
            moment = START + timedelta(hours=n)
            us = to_us(moment)
            some = []
            for mn in STATIONS:
                some.append(
                    Entry(Direction.IN, us, "10.0.0.1:1", mn, "accepted", frame(moment, f"{n}.50", mn=mn))
                )
                some.append(Entry(Direction.OUT, us, "10.0.0.1:1", mn, "", b"ok"))
            writer.append(
                [*some, Entry(Direction.IN, us, "10.0.0.1:1", "", "rejected:crc", b"##0012QN=1;CRC=0000\r\n")]
            )
    return tmp_path / "a"


def projected(data):
    telemetry = Telemetry(data / "readings.sqlite3")
    projector = Projector(JournalReader(data / "journal"), telemetry)
    while projector.step():
        pass
    return telemetry


def values(telemetry):
    """All values by station, whenever they were received."""
    span = Span(START, START + timedelta(days=3))
    series = {mn: telemetry.series(f"{mn}/31", "2051", "a21026", span, field="Avg") for mn in STATIONS}
    return {mn: (one.times.tolist(), one.values.tolist()) for mn, one in series.items()}


def run(source, *words):
    return CliRunner().invoke(
        journal, ["--data", str(source), "replay", *map(str, words)], catch_exceptions=False
    )


def test_a_fresh_instance_has_the_same_digests(source, tmp_path):
    done = run(source, "--into", tmp_path / "b", "--json")
    assert json.loads(done.stdout) == {"copied": 360}
    assert projected(source).digest() == projected(tmp_path / "b").digest()
    head = JournalReader(source / "journal").head("g0")
    assert JournalReader(tmp_path / "b" / "journal").head("g0") == head
    assert (
        run(source, "--into", tmp_path / "b").exit_code == 1
    )  # it goes on from where it was: nothing is left


def test_a_killed_copy_goes_on_and_doubles_nothing_in_effect(source, tmp_path):
    class Killed(Exception):
        pass

    calls = []

    def die():
        calls.append(1)
        if len(calls) % 7 == 0:
            raise Killed

    reader, target = JournalReader(source / "journal"), tmp_path / "b"
    target.mkdir()
    for _ in range(10):
        try:
            position = Position.of(target / "replayed.json")
            copy_into(reader, target / "journal", EVER, position, pace=Pace(None), on_block=die)
        except Killed:
            continue
        break
    assert values(projected(target)) == values(projected(source))


def test_a_copy_that_was_killed_before_it_noted_its_position_repeats_a_block(source, tmp_path):
    reader, target = JournalReader(source / "journal"), tmp_path / "b"
    for _ in range(2):  # the position was lost: everything comes again
        copy_into(reader, target / "journal", EVER, Position(), pace=Pace(None))
    assert values(projected(target)) == values(projected(source))
    assert JournalReader(target / "journal").verify().ok


def test_only_what_was_asked_for_is_copied(source, tmp_path):
    run(
        source,
        "--into",
        tmp_path / "b",
        "--mn",
        STATIONS[1],
        "--from",
        "2026-03-01T12:00",
        "--to",
        "2026-03-01T18:00",
    )
    copied = [e for _, e in JournalReader(tmp_path / "b" / "journal").entries()]
    assert {e.mn for e in copied} == {STATIONS[1]}
    assert len(copied) == 12


def test_a_rate_is_kept(source, tmp_path):
    import time

    began = time.monotonic()
    reader = JournalReader(source / "journal")
    few = Filter(Span(START, START + timedelta(hours=3)))
    assert copy_into(reader, tmp_path / "j", few, Position(), pace=Pace(54)) == 27
    assert time.monotonic() - began >= 0.5


def test_a_folder_cannot_be_replayed_into_itself(source):
    done = run(source, "--into", source)
    assert (done.exit_code, "expected another one" in done.output) == (2, True)


def test_a_position_that_is_none_is_said(source, tmp_path):
    (tmp_path / "p").write_text("[1]")
    with pytest.raises(Exception, match="position expected"):
        run(source, "--into", tmp_path / "b", "--position", tmp_path / "p")


@contextmanager
def gateway(folder):
    """A real gateway on a free port."""
    folder.mkdir(exist_ok=True)
    child = subprocess.Popen([sys.executable, str(GATEWAY), str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        yield child, int(child.stdout.readline())
    finally:
        child.kill()
        child.communicate()


def test_a_gateway_fed_over_the_wire_has_the_same_readings(source, tmp_path):
    with gateway(tmp_path / "b") as (_, port):
        done = run(source, "--feed", f"127.0.0.1:{port}", "--json", "--position", tmp_path / "p")
    told = json.loads(done.stdout)
    assert (told["sent"], told["answers"], told["resent"], told["unanswered"]) == (200, 160, 0, 0)
    assert values(projected(tmp_path / "b")) == values(projected(source))


def test_a_gateway_killed_meanwhile_gets_the_rest_and_nothing_is_doubled_in_effect(
    source, tmp_path, monkeypatch
):
    """At least once: the position stands where everything was answered."""
    monkeypatch.setattr("mingcha.cli.feeding.WINDOW", 16)
    frames = [(r, e) for r, e in JournalReader(source / "journal").entries() if e.direction is Direction.IN]
    with gateway(tmp_path / "b") as (child, port):
        seen = []

        def kill():
            seen.append(1)
            if len(seen) == 90:
                child.kill()
                child.wait()

        with pytest.raises(HostGone, match="same --position"):
            Feeder(("127.0.0.1", port), Position(tmp_path / "p"), Pace(None)).feed(frames, kill)
    kept = Position.of(tmp_path / "p").refs["g0"]
    assert FrameRef("g0-20260301", 1, 0) < kept < frames[89][0]
    with gateway(tmp_path / "b") as (_, port):
        done = run(source, "--feed", f"127.0.0.1:{port}", "--json", "--position", tmp_path / "p")
    assert json.loads(done.stdout)["unanswered"] == 0
    assert values(projected(tmp_path / "b")) == values(projected(source))


def test_a_lost_connection_is_made_again_and_what_had_no_answer_is_repeated(source, tmp_path):
    """A relay cuts the connection once before any answer got through."""
    with gateway(tmp_path / "b") as (_, port), socket.create_server(("127.0.0.1", 0)) as relay:
        threading.Thread(target=_cut_once, args=(relay, port), daemon=True).start()
        done = run(source, "--feed", f"127.0.0.1:{relay.getsockname()[1]}", "--json")
    told = json.loads(done.stdout)
    assert told["resent"] > 0
    assert told["unanswered"] == 0
    assert values(projected(tmp_path / "b")) == values(projected(source))


def _cut_once(relay, port):
    peer, _ = relay.accept()
    peer.recv(2000)
    peer.close()
    while True:
        peer, _ = relay.accept()
        host = socket.create_connection(("127.0.0.1", port))
        for one, other in ((peer, host), (host, peer)):
            threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        return


def test_a_host_that_is_not_there_is_said(source):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(HostGone, match="frames were sent"):
        run(source, "--feed", f"127.0.0.1:{port}")
