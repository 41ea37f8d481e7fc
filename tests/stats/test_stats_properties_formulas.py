"""Every formula equals its slow definition in exact fractions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import naive

from mingcha.stats import checks, conversion, flow

slow = naive.formulas
numbers = st.integers(0, 99_999).map(lambda n: n / 100)
positive = st.integers(1, 99_999).map(lambda n: n / 100)
gases = st.sampled_from(["SO2", "NO", "NO2", "CO"])
maybe = st.one_of(st.none(), numbers)
temperatures = st.integers(-30, 400).map(float)
static = st.integers(-9_000, 9_000).map(float)
humidity = st.integers(0, 9_999).map(lambda n: n / 100)
oxygen = st.integers(0, 2_500).map(lambda n: n / 100)


def near(value):
    return pytest.approx(value, rel=1e-11, abs=1e-12)


def array(values):
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def listed(values):
    return [None if np.isnan(v) else v for v in values.tolist()]


@given(numbers, numbers, gases)
def test_volume_and_mass(a, b, gas):
    assert conversion.mass_from_volume(a, gas) == near(slow.mass_from_volume(a, gas))
    assert conversion.volume_from_mass(a, gas) == near(slow.volume_from_mass(a, gas))
    assert conversion.nox_as_no2(a, b) == near(slow.nox_as_no2(a, b))
    assert conversion.nox_from_volume(a, b) == near(slow.nox_from_volume(a, b))


@given(numbers, temperatures, st.integers(60_000, 110_000).map(float), static, humidity)
def test_states_and_flows(value, ts, ba, ps, wet):
    state = {"temperature_c": ts, "ambient_pa": ba, "static_pa": ps}
    assert conversion.to_standard_state(value, **state) == near(slow.to_standard_state(value, ts, ba, ps))
    found = conversion.standard_flow(value, **state, humidity_pct=wet)
    assert found == near(slow.standard_flow(value, ts, ba, ps, wet))
    assert conversion.wet_to_dry(value, wet) == near(slow.wet_to_dry(value, wet))


@given(positive, st.integers(0, 100))
def test_humidity_from_oxygen(dry, share):
    wet = round(dry * share / 100, 6)
    found = conversion.humidity_from_oxygen(wet, dry)
    assert found == pytest.approx(slow.humidity_from_oxygen(wet, dry), rel=1e-9, abs=1e-9)


@given(numbers, positive, st.lists(maybe, max_size=24))
def test_velocity_flow_emission_and_mass(a, b, day):
    assert conversion.velocity(a, b) == near(slow.velocity(a, b))
    assert conversion.actual_flow(area_m2=a, velocity_ms=b) == near(slow.actual_flow(a, b))
    assert conversion.emission_kg(a, b) == near(slow.emission_kg(a, b))
    assert conversion.water_mass_kg(a, b) == near(slow.water_mass_kg(a, b))
    assert conversion.exceedance_multiple(a, b) == pytest.approx(slow.exceedance_multiple(a, b), abs=1e-9)
    expect = slow.emission_t(day)
    assert conversion.emission_t(array(day)) == (None if expect is None else near(expect))


@given(
    st.lists(st.tuples(numbers, st.one_of(st.none(), oxygen)), max_size=20),
    st.sampled_from([None, 3.5, 6.0, 11.0]),
)
def test_a_series_is_converted_as_each_of_its_values(rows, reference):
    values, o2 = [v for v, _ in rows], [o for _, o in rows]
    found = conversion.convert_series(array(values), array(o2), reference)
    for place, (value, oxygen_here) in enumerate(rows):
        if oxygen_here is None:
            expect, doubtful = (value if reference is None else None), False
        else:
            expect = naive.convert_o2(value, oxygen_here, reference)
            doubtful = reference is not None and oxygen_here >= 19
        assert listed(found.values)[place] == (None if expect is None else pytest.approx(expect, rel=1e-9))
        assert found.doubtful[place] == doubtful


@given(numbers, oxygen, st.integers(100, 800).map(lambda n: n / 100))
def test_conversion_by_excess_air(value, o2, air):
    expect = slow.convert_by_excess_air(value, o2, air)
    found = conversion.convert_by_excess_air(value, o2, air).value
    assert found == (None if expect is None else pytest.approx(expect, rel=1e-9, abs=1e-12))


@given(
    st.lists(st.tuples(numbers, st.integers(1, 3600)), max_size=20), st.sampled_from(["L/s", "m3/s", "m3/h"])
)
def test_volumes(rows, unit):
    values, lengths = [v for v, _ in rows], [n for _, n in rows]
    found = flow.volumes(array(values), np.array(lengths, dtype=np.int64), unit)
    assert found.tolist() == near(slow.volumes(values, lengths, unit))


@given(st.lists(maybe, max_size=20))
def test_totalisers(readings):
    found = listed(flow.totaliser_volumes(array(readings)))
    expect = slow.totaliser_volumes(readings)
    assert [v is None for v in found] == [v is None for v in expect]
    for a, b in zip(found, expect, strict=True):
        assert a == (None if b is None else pytest.approx(b, abs=1e-9))


@given(st.lists(st.tuples(numbers, numbers, st.integers(1, 86_400)), min_size=1, max_size=10))
def test_mean_flow_and_mean_concentration(rows):
    mass, volume = array([m for m, _, _ in rows]), array([v for _, v, _ in rows])
    seconds = np.array([s for _, _, s in rows], dtype=np.int64)
    assert flow.mean_flow(volume, seconds).tolist() == near([slow.mean_flow(v, s) for _, v, s in rows])
    for found, (m, v, _) in zip(listed(flow.mean_concentration(mass, volume)), rows, strict=True):
        expect = slow.mean_concentration(m, v)
        assert found == (None if expect is None else near(expect))


@given(st.lists(numbers, min_size=1, max_size=10), numbers, positive)
def test_drift_and_standard_check(readings, reference, full):
    size = abs(slow.drift(readings, reference, full))
    assert abs(checks.drift(array(readings), reference, full)) == pytest.approx(size, rel=1e-9, abs=1e-9)
    found = checks.standard_check_error(readings[0], full)
    assert found == pytest.approx(slow.standard_check_error(readings[0], full), rel=1e-9, abs=1e-9)


@given(st.lists(st.tuples(numbers, positive), min_size=9, max_size=13))
def test_relative_accuracy(pairs):
    measured, reference = [a for a, _ in pairs], [b for _, b in pairs]
    found = checks.relative_accuracy(array(measured), array(reference)).relative
    assert found == pytest.approx(slow.relative_accuracy(measured, reference), rel=1e-9, abs=1e-9)
