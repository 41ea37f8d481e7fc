"""The projection can be made again; what was changed in it by hand is found and mended."""

import sqlite3
from contextlib import closing
from datetime import timedelta

from tests.people import OTHER_MN
from tests.workers.station import COD, FLOW, HOUR, LATER, START, TEN, Station, risen, stack

from mingcha.apps.findings.models import Finding
from mingcha.workers.rebuilding import Rebuilt, rebuild

NOW = START + 48 * HOUR + LATER


def again(station: Station, *, keep: bool = False) -> Rebuilt:
    return rebuild(
        station.folder / "journal", station.folder / "readings.sqlite3", NOW, lambda _: None, keep=keep
    )


def filled(station: Station) -> None:
    """Live and late, hour by hour, with a silent stretch and a second outlet."""
    rows = risen(stack(48), 30, 3, 2.3)
    station.send(rows[: 10 * 6])
    station.run(START + 10 * HOUR + timedelta(minutes=2))
    station.send(rows[20 * 6 :], start=START + 20 * HOUR)
    mn, station.mn = station.mn, OTHER_MN
    station.send([{COD: 30.0 + n % 7, FLOW: 20.0 + n % 5} for n in range(5 * 6)], start=START + 3 * HOUR)
    station.mn = mn
    for hour in range(30, 50, 4):
        station.run(START + hour * HOUR + timedelta(minutes=2))
    station.send(rows[12 * 6 : 14 * 6], start=START + 12 * HOUR, received=NOW - TEN)


def test_what_was_computed_live_is_what_the_journal_gives(gas: Station) -> None:
    filled(gas)
    done = again(gas)
    assert done.same
    assert done.entries == (10 + 28 + 5 + 2) * 6
    assert Finding.objects.filter(state="detected").count() == 1


def tamper(station: Station) -> None:
    """Make the exceeding hours look good: the readings only, not the evidence."""
    with closing(sqlite3.connect(station.folder / "readings.sqlite3")) as db:
        row = db.execute("SELECT point, kind, time, seq, body FROM readings ORDER BY time LIMIT 1").fetchone()
        db.execute(
            "UPDATE readings SET body = ? WHERE point = ? AND kind = ? AND time = ? AND seq = ?",
            (row[4].replace(row[4].split("\t")[0], "1", 1), *row[:4]),
        )
        db.commit()


def test_a_changed_reading_is_found_and_left_until_told_otherwise(gas: Station) -> None:
    filled(gas)
    assert again(gas).same
    tamper(gas)
    done = again(gas)
    assert not done.same
    assert [name for name in done.before if done.before[name] != done.after[name]] == ["readings"]
    assert not again(gas).same


def test_replacing_mends_it(gas: Station) -> None:
    filled(gas)
    assert again(gas).same
    tamper(gas)
    assert not again(gas, keep=True).same
    assert again(gas).same


def test_findings_follow_what_was_replaced(gas: Station) -> None:
    """Hours made from the changed readings hid an exceedance: it is found when they are replaced."""
    gas.send(risen(stack(48), 0, 1, 2.3))
    while gas.projector.step():
        pass
    with closing(sqlite3.connect(gas.folder / "readings.sqlite3")) as db:
        for time, body in db.execute("SELECT time, body FROM readings ORDER BY time LIMIT 6").fetchall():
            good = "\t".join(["20.0", *body.split("\t")[1:]])
            db.execute("UPDATE readings SET body = ? WHERE time = ?", (good, time))
        db.commit()
    gas.run(NOW)
    assert Finding.objects.count() == 0
    assert not again(gas, keep=True).same
    gas.run(NOW)
    assert [found.source for found in Finding.objects.all()] == ["hj75.hour_limit"]
    assert again(gas).same
