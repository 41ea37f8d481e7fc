"""The newest of many points as columns says what ``latest`` says of each."""

import math
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mingcha.core.clock import to_epoch, to_us
from mingcha.core.packets import FactorReading, Packet, number
from mingcha.store.telemetry import Telemetry

START = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = ("1.50", "-0.2", "0", "--", "1e3", "")


def packets(seed: int) -> list[Packet]:
    """Points of several layouts, times out of order, values sent again otherwise, flags of their own."""
    chance = random.Random(seed)
    found = []
    for _ in range(150):
        moment = START + timedelta(minutes=chance.randrange(4))
        factors = chance.sample(["a01", "a02", "a03"], chance.randrange(1, 4))
        readings = tuple(
            FactorReading(
                f, tuple((field, chance.choice(TEXTS)) for field in chance.sample(["Rtd", "Avg"], chance.randrange(1, 3))),
                chance.choice(["N", "D", ""]),
            )
            for f in factors
        )  # fmt: skip
        received = moment + timedelta(seconds=chance.randrange(1, 60)) if chance.random() < 0.9 else None
        found.append(
            Packet(f"{chance.randrange(6):024d}", "31", chance.choice(["2011", "2051"]), moment, readings, "2017",
                   "20260301000000000", received=received)
        )  # fmt: skip
    return found


@pytest.mark.parametrize("seed", range(6))
def test_columns_say_what_the_latest_objects_say(seed: int, tmp_path: Path) -> None:
    store = Telemetry(tmp_path / "readings.sqlite3")
    for packet in packets(seed):
        store.write([packet], position=None)
    for kind in ("2011", "2051"):
        for points in (None, [f"{n:024d}/31" for n in (1, 4, 9)]):
            expected = {
                (one.factor, field, one.point): (
                    text,
                    one.flag,
                    to_epoch(one.time),
                    to_us(one.received) if one.received else 0,
                )
                for one in store.latest(points, kind=kind)
                for field, text in one.fields
            }
            found = {}
            for (factor, field), column in store.newest(kind, points).items():
                assert column.points == sorted(column.points)
                rows = zip(
                    column.points,
                    column.texts,
                    column.flags,
                    column.times,
                    column.received,
                    column.values,
                    strict=True,
                )
                for point, text, flag, time, received, value in rows:
                    found[factor, field, point] = (text, flag, int(time), int(received))
                    assert value == number(text) or (math.isnan(value) and number(text) is None)
            assert found == expected
    assert {field for _, field in store.newest("2011", fields=["Avg"])} == {"Avg"}
    store.close()


def test_nothing_has_no_columns(tmp_path: Path) -> None:
    store = Telemetry(tmp_path / "readings.sqlite3")
    assert store.newest("2011") == {}
    assert store.newest("2011", ["x/31"]) == {}
    store.close()
