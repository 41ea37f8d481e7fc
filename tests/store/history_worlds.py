"""Two stores that are told the same: one seals, the other never does; and what must be equal in both."""

from datetime import timedelta

import numpy as np
from packet_makers import DAY, FACTORS, KINDS, POINTS

from mingcha.core.aggregates import DayValue, HourCode, HourValue
from mingcha.core.spans import Span
from mingcha.store.telemetry import Telemetry

OUTLETS = ("91330100MA00000000/DA001", "91330100MA00000000/DA002")
ALL = Span(DAY - timedelta(days=400), DAY + timedelta(days=400))
HOUR = timedelta(hours=1)


def pair(folder, where=None, **options):
    """The store that seals, and the one that never does."""
    sealing = Telemetry(
        where or folder / "sealing" / "readings.sqlite3", options.pop("history", None), **options
    )
    return sealing, Telemetry(folder / "plain" / "readings.sqlite3")


def hour(outlet, factor, start, mean, code=HourCode.NORMAL, **more):
    return HourValue(outlet, factor, start, code, 60 if mean is not None else 3, mean, **more)


def day(outlet, factor, start, mean):
    return DayValue(outlet, factor, start, 24, 24, mean)


def same_series(one, other):
    assert np.array_equal(one.times, other.times)
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert one.texts == other.texts
    assert one.flags == other.flags
    assert list(one.refs) == list(other.refs)
    assert np.array_equal(one.received, other.received)
    assert np.array_equal(one.versions, other.versions)


def same_packets(one, other, point, kind, span, as_of=None):
    found, wanted = (store.packets(point, kind, span, as_of=as_of) for store in (one, other))
    assert {f: found[f].keys() for f in found} == {f: wanted[f].keys() for f in wanted}
    for factor, fields in wanted.items():
        for field, series in fields.items():
            same_series(found[factor][field], series)
            same_series(one.series(point, kind, factor, span, field=field, as_of=as_of), series)


def some(found):
    """About a dozen, the first and the last among them: each is a question of its own."""
    return [*found[:: max(1, len(found) // 12)], *found[-1:]]


def same_readings(one, other, span=ALL, as_of=None, *, points=POINTS, kinds=KINDS, factors=FACTORS):
    for point in points:
        for kind in kinds:
            same_packets(one, other, point, kind, span, as_of)
            assert one.times(point, kind, span) == other.times(point, kind, span)
            for time in some(other.times(point, kind, span)):
                for factor in factors:
                    assert one.history(point, kind, time, factor) == other.history(point, kind, time, factor)
        assert one.has_readings(point, span) == other.has_readings(point, span)
        assert one.first_reading([point]) == other.first_reading([point])
    assert one.latest() == other.latest()


def same_columns(one, other, level, outlet, span, as_of):
    found, wanted = (store.columns(level, outlet, span, FACTORS, as_of=as_of) for store in (one, other))
    assert found.keys() == wanted.keys()
    for factor, columns in wanted.items():
        for name in columns.__slots__:
            np.testing.assert_array_equal(getattr(found[factor], name), getattr(columns, name), err_msg=name)


def same_results(one, other, span=ALL, as_of=None):
    for outlet in OUTLETS:
        hours = other.hours(outlet, span, as_of=as_of)
        assert one.hours(outlet, span, as_of=as_of) == hours
        assert one.days(outlet, span, as_of=as_of) == other.days(outlet, span, as_of=as_of)
        for level in ("hour", "day"):
            same_columns(one, other, level, outlet, span, as_of)
        assert one.hour_numbers(outlet, span) == other.hour_numbers(outlet, span)
        for factor in FACTORS:
            assert one.hours(outlet, span, factor=factor) == other.hours(outlet, span, factor=factor)
        for value in some(hours):
            key = (outlet, value.factor, value.start)
            assert one.hour_versions(*key) == other.hour_versions(*key)


def same(one, other):
    """Everything that can be asked."""
    same_readings(one, other)
    same_results(one, other)
    assert one.digest() == other.digest()
