"""The index of stations: what it names is what the journal holds, however often it was interrupted or thrown away."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mingcha.core.errors import BrokenEvidence
from mingcha.store.journal import Direction, Entry, Journal, JournalReader
from mingcha.store.journal import entry as entries
from mingcha.store.journal.packing import pack
from mingcha.store.journal.places import FILE, KEPT, Places, newest_of

DAY_US = 86_400_000_000
AT_US = 1_767_600_000_000_000


def kept(
    mn: str, number: int, *, verdict: str = "accepted", cn: str = "2011", day: int = 0, sent: bool = False
) -> Entry:
    raw = f"##0000QN={number};ST=31;CN={cn};PW=123456;MN={mn};Flag=5;CP=&&&&0000\r\n".encode()
    direction = Direction.OUT if sent else Direction.IN
    return Entry(direction, AT_US + day * DAY_US + number, "c", mn, "" if sent else verdict, raw)


def filled(folder: Path) -> JournalReader:
    """A on the first day, once in many blocks of B; then only B, for two days."""
    with Journal(folder / "journal") as journal:
        journal.append(
            [
                kept("A", 0),
                kept("A", 1, verdict="deviating:crc_case", cn="2051"),
                kept("A", 1, sent=True, cn="9014"),
            ]
        )
        for number in range(KEPT + 20):
            journal.append([kept("B", 10 + number)])
        for day in (1, 2):
            journal.append([kept("B", 500, day=day), kept("", 501, day=day)])
    return JournalReader(folder / "journal")


def test_a_station_that_was_silent_for_long_is_found_in_its_blocks(tmp_path: Path) -> None:
    reader = filled(tmp_path)
    places = Places(reader.folder)
    assert places.held("A") == []
    assert places.follow(reader) == KEPT + 23
    held = places.held("A")
    assert [(one.journal[-8:], one.first, one.last, one.blocks) for one in held] == [("20260105", 1, 1, [1])]
    assert held[0].kinds == Counter({("accepted", "2011"): 1, ("deviating", "2051"): 1, ("", "9014"): 1})
    found = list(newest_of(reader, held, "A"))
    assert [ref.index for ref, _ in found] == [2, 1, 0]
    assert all(reader.read(ref) == entry for ref, entry in found)


def test_of_a_station_that_speaks_often_the_newest_blocks_are_named(tmp_path: Path) -> None:
    reader = filled(tmp_path)
    places = Places(reader.folder)
    places.follow(reader)
    days = places.held("B")
    assert [one.journal[-8:] for one in days] == ["20260107", "20260106", "20260105"]
    assert (days[2].first, days[2].last, len(days[2].blocks)) == (2, KEPT + 21, KEPT)
    assert sum(days[2].kinds.values()) == KEPT + 20
    assert places.held("") == []
    found = [ref for ref, _ in newest_of(reader, days, "B")]
    assert len(found) == KEPT + 22, "what stands before the named blocks is looked for, not left out"
    assert found == sorted(found, reverse=True)


def test_it_goes_on_where_it_stopped_and_made_anew_it_is_the_same(tmp_path: Path) -> None:
    reader = filled(tmp_path)
    places = Places(reader.folder)
    places.follow(reader, seconds=0)
    with Journal(tmp_path / "journal") as journal:
        journal.append([kept("A", 900, day=2)])
    places.follow(reader)
    before = {mn: places.held(mn) for mn in "AB"}
    assert places.follow(reader) == 0
    assert [one.last for one in before["A"]] == [2, 1]
    for path in reader.folder.glob(f"{FILE}*"):
        path.unlink()
    again = Places(reader.folder)
    again.follow(reader)
    assert {mn: again.held(mn) for mn in "AB"} == before


def test_a_block_that_does_not_fit_stops_it_there(tmp_path: Path) -> None:
    import sqlite3

    reader = filled(tmp_path)
    path = next(reader.folder.glob("*20260106.sqlite3"))
    with sqlite3.connect(path) as db:
        db.execute("UPDATE blocks SET payload_sha256 = zeroblob(32)")
    db.close()
    places = Places(reader.folder)
    with pytest.raises(BrokenEvidence, match="payload hash"):
        places.follow(reader)
    assert {ref.journal[-8:] for ref in places.positions().values()} <= {"20260105"}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "A" * 24, "B", "不"]), st.sampled_from(["accepted", "rejected:crc"]),
            st.binary(max_size=60), st.booleans(),
        ),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_the_short_reading_of_a_payload_agrees_with_the_whole_one(
    rows: list[tuple[str, str, bytes, bool]],
) -> None:
    made = [
        Entry(Direction.IN, n, "c", mn, verdict, raw + mn.encode() if inside else raw)
        for n, (mn, verdict, raw, inside) in enumerate(rows)
    ]
    payload = pack(made)[0]
    assert [tuple(one) for one in entries.words(payload)] == [
        (e.mn, e.verdict, entries.cn_of(e.raw)) for e in entries.decode(payload)
    ]
    for cut in range(0, len(payload), max(1, len(payload) // 20)):
        with pytest.raises(BrokenEvidence):
            entries.words(payload[:cut])
