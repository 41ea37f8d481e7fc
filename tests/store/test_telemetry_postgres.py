"""What PostgreSQL alone can do to the store: another engine's order of texts, a server that dies, another machine."""

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from packet_makers import DAY, WEEK, histories, packet
from places import history_of, opened
from postgres_server import Mortal

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.errors import BadInput
from mingcha.store.telemetry import SchemaTooNew, Telemetry, TelemetryFailed, rebuild
from mingcha.store.telemetry.recent.engines import engine_of

KILLS = min(int(os.environ.get("MINGCHA_KILLS", "5")), 200)
DEADLINE_S = 60
LONG = replace(WEEK, end=DAY + timedelta(days=900))


@pytest.fixture
def address(postgres):
    return postgres.fresh()


@pytest.fixture
def store(address):
    telemetry = opened(address)
    yield telemetry
    telemetry.close()


@settings(max_examples=25, deadline=None)
@given(histories())
def test_both_engines_hold_the_same_and_say_the_same(postgres, tmp_path_factory, packets):
    file = Path(tempfile.mkdtemp(dir=tmp_path_factory.getbasetemp())) / "r.sqlite3"
    with closing(Telemetry(file)) as here, closing(opened(postgres.fresh())) as there:
        compare(here, there, packets)


def compare(here, there, packets):
    hours = [
        HourValue(key, factor, DAY + timedelta(hours=n), HourCode.NORMAL, 60, n / 3)
        for n in range(3)
        for key in ("B/DA001", "a/DA001", "中/DA001", "Ä/DA001")
        for factor in ("a21026", "A21026", "a_1026")
    ]
    for one in (here, there):
        one.write(packets, position=None)
        one.write_hours(hours, at=DAY)
        one.write_hours(hours[:9], at=DAY, whole=("a/DA001", WEEK))
    assert there.digest() == here.digest()
    assert there.latest() == here.latest()
    assert there.dirty(999) == here.dirty(999)
    assert there.days_held(WEEK.end) == here.days_held(WEEK.end)
    assert there.results_held("hour", WEEK.end) == here.results_held("hour", WEEK.end)
    for ask in (
        lambda one: one.newest("2011", fields=["Rtd", "Avg"]),
        lambda one: one.newest("2051", ["M1/31"], fields=["Rtd"]),
        lambda one: one.columns("hour", "a/DA001", WEEK, ["a21026", "A21026"]),
        lambda one: one.columns("hour", "a/DA001", WEEK, ["a21026"], as_of=DAY),
        lambda one: one.first_reading(["M1/31", "M2/32"]),
        lambda one: one.restatements(span=WEEK),
    ):
        assert said(ask(there)) == said(ask(here))


def said(found):
    """As text; the order of a dict is nobody's promise."""
    return {key: repr(value) for key, value in found.items()} if isinstance(found, dict) else repr(found)


def test_days_are_sealed_and_reopened_on_a_server_as_in_a_file(store, tmp_path):
    here = Telemetry(tmp_path / "r.sqlite3")
    some = [packet(n, at=DAY + timedelta(hours=n), a21026=f"{n}.5 N") for n in range(60)]
    late = packet(90, at=DAY + timedelta(hours=3, minutes=1), a21026="7 N")
    hours = [
        HourValue("X/DA001", "a21026", DAY + timedelta(hours=n), HourCode.NORMAL, 60, n / 3)
        for n in range(60)
    ]
    for one in (store, here):
        one.write(some, position=some[-1].ref)
        one.write_hours(hours, at=DAY)
    before = here.digest()
    for one in (store, here):
        one.seal(DAY + timedelta(days=2))
        assert one.days_held(DAY + timedelta(days=2)) == []
        assert one.digest() == before
        assert one.write([late, some[3]], position=None).stored == 1
        assert one.write_hours([replace(hours[2], mean=9.0)], at=DAY + timedelta(days=3)) != []
    assert store.digest() == here.digest() != before
    span = replace(WEEK, end=DAY + timedelta(hours=8))
    assert store.series("M1/31", "2011", "a21026", span, field="Rtd").texts[3:5] == ["3.5", "7"]
    here.close()


def test_names_that_postgresql_has_no_text_for_are_spelled_out(store):
    odd = replace(packet(1, a21026="1"), mn="M\0\udcff", qn="x\0y")
    store.write([odd], position=odd.ref)
    assert [v.qn for v in store.history(odd.point, "2011", DAY, "a21026")] == [r"x\x00y"]
    assert store.latest(["M\0"]) == []
    assert len(store.series(odd.point, "2011", "a21026", WEEK, field="Rtd")) == 1


def test_an_address_says_what_is_missing(postgres, tmp_path):
    with pytest.raises(BadInput, match=r"mysql://….*expected the path of a file, or postgresql://"):
        engine_of("mysql://somewhere/else")
    with pytest.raises(
        TelemetryFailed, match=r"PostgreSQL nothing on /.*does not exist.*see that the server runs"
    ):
        opened(postgres.address.replace("/postgres?", "/nothing?"))
    with pytest.raises(TelemetryFailed) as failed:
        opened("postgresql://me:secret@127.0.0.1:1/readings")
    assert "secret" not in str(failed.value)
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from mingcha.store.telemetry import Telemetry\n"
        f"Telemetry({str(tmp_path / 'r.sqlite3')!r}).close()\n"
        "try: Telemetry('postgresql://x/y', 'history')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "BadInput" in said
    assert "mingcha[postgres]" in said


def test_newer_tables_are_refused(store, address):
    store.set_note("schema", "99")
    with pytest.raises(SchemaTooNew, match="version 99 found"):
        opened(address)


def test_a_second_writer_waits_and_sees_what_the_first_wrote(store, address):
    other, order = opened(address), []

    def write():
        order.append("asked")
        other.write([packet(2, a21026="2")], position=packet(2).ref)
        order.append("written")

    with store.writing():
        store.write([packet(1, a21026="1")], position=packet(1).ref)
        second = threading.Thread(target=write)
        second.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        end = time.monotonic() + DEADLINE_S
        while not waits(address, waiting):
            assert time.monotonic() < end, "the second writer does not wait"
            time.sleep(0.01)
        assert other.latest() == []  # who reads does not wait
        assert order == ["asked"]
    second.join()
    assert order == ["asked", "written"]
    assert [v.text for v in store.history("M1/31", "2011", DAY, "a21026")] == ["1", "2"]
    other.close()


def waits(address, query):
    db = engine_of(address).open()
    [count] = db.execute(query).fetchone()
    db.close()
    return count


def test_a_reader_keeps_its_moment_while_a_rebuild_waits_for_it(store, address):
    store.write([packet(1, a21026="1")], position=packet(1).ref)
    swapped = threading.Event()

    def swap():
        with rebuild(address, history_of(address)) as anew:
            anew.write([packet(1, a21026="7")], position=packet(1).ref)
        swapped.set()

    reader = opened(address)
    with reader.reading():
        assert reader.latest()[0].get("Rtd") == "1"
        other = threading.Thread(target=swap)
        other.start()
        query = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND NOT granted"
        end = time.monotonic() + DEADLINE_S
        while not waits(address, query):
            assert time.monotonic() < end, "the rebuild does not wait"
            time.sleep(0.01)
        assert reader.latest()[0].get("Rtd") == "1"
        assert not swapped.is_set()
    other.join()
    assert reader.latest()[0].get("Rtd") == "7"
    reader.close()


def test_a_rebuild_touches_nothing_else_in_the_database(store, address):
    db = engine_of(address).open()
    db.execute("CREATE TABLE mine (a integer)")
    with rebuild(address, history_of(address)) as anew:
        anew.write([packet(1, a21026="7")], position=packet(1).ref)
    assert db.execute("SELECT count(*) FROM mine").fetchone() == (0,)
    engine_of(address).remove()
    assert db.execute("SELECT count(*) FROM mine").fetchone() == (0,)
    db.close()


WRITER = """
import sys
from datetime import timedelta
sys.path.insert(0, sys.argv[2])
from packet_makers import DAY, packet
from mingcha.core.aggregates import HourCode, HourValue
from mingcha.store.telemetry import TelemetryFailed
from places import opened
store = opened(sys.argv[1])
done = store.positions().get("g0")
n = 0 if done is None else (done.block - 1) * 10 + done.index + 1
print("open", flush=True)
while True:
    some = [packet(k, at=DAY + timedelta(minutes=k), a01001=str(k)) for k in range(n, n + 1 + n % 9)]
    hour = HourValue("X/DA001", "a01001", DAY, HourCode.NORMAL, 60, float(n))
    try:
        with store.writing():
            store.write(some, position=some[-1].ref)
            store.write_hours([hour], at=DAY)
    except TelemetryFailed as error:
        if "--" in sys.argv:
            print(error, flush=True)
        continue  # the same again: the server may be back
    n += len(some)
    print(n, flush=True)
"""


def check(store, told):
    """Everything that was told to be stored is there, once, and in step with the position."""
    with store.reading():  # of one moment: the writer goes on
        done = store.positions().get("g0")
        rows = store.series("M1/31", "2011", "a01001", LONG, field="Rtd")
        versions = store.hour_versions("X/DA001", "a01001", DAY)
    last = -1 if done is None else (done.block - 1) * 10 + done.index
    assert last + 1 >= told
    assert rows.texts == [str(k) for k in range(last + 1)]
    assert set(rows.versions.tolist()) <= {1}
    means = [v.value.mean for v in versions]
    assert means == sorted(set(means))
    assert [v.version for v in versions] == list(range(1, len(versions) + 1))
    return last + 1


@pytest.fixture
def own_server():
    """A server that is killed: the others keep theirs."""
    with tempfile.TemporaryDirectory(prefix="mingcha-pg-") as folder:
        server = Mortal(folder)
        yield server
        server.stop()


def test_a_server_killed_in_the_middle_loses_nothing_committed_and_doubles_nothing(own_server):
    chance = random.Random(os.environ.get("MINGCHA_SEED", "1"))
    address = own_server.fresh()
    store = opened(address)  # open through all of it: it connects anew
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, address, str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
    )
    told, lines = [0], child.stdout
    assert lines.readline() == "open\n"
    listener = threading.Thread(target=lambda: told.extend(int(line) for line in lines))
    listener.start()
    try:
        for _ in range(KILLS):
            before, end = told[-1], time.monotonic() + DEADLINE_S
            while told[-1] <= before:
                assert time.monotonic() < end, "the writer did not come back"
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.2))
            own_server.kill()
            with pytest.raises(TelemetryFailed, match="see that the server runs"):
                store.positions()
            own_server.start()
            check(store, told[-1])
    finally:
        child.kill()
        child.wait()
        listener.join()
        lines.close()
    assert check(store, told[-1]) > 0
    store.close()
