"""The simulated plant: pure, plausible, and its averages agree with each other."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mingcha.core.clock import day_start, from_epoch, to_epoch
from mingcha.core.packets import DAY, HOUR, MINUTE, REALTIME, FactorReading, Packet, number
from mingcha.core.spans import Span
from mingcha.gateway.simulator import faults, frames, kinds, means, plant
from mingcha.gateway.simulator.plant import FLAGS, SAMPLE_S, Profile
from mingcha.protocol import hj212

MN = "010000A8900016F000169DC0"
FRIDAY = day_start(date(2026, 11, 20))
NOON = FRIDAY + timedelta(hours=12)
GAS = [name for name, kind in kinds.KINDS.items() if isinstance(kind, kinds.GasKind)]
WATER = [name for name in kinds.KINDS if name not in GAS]
EDITIONS = st.sampled_from(["2005", "2017", "2025"])
MOMENTS = st.integers(0, 400 * 144).map(
    lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=10 * n)
)


def times(start: datetime, hours: float) -> np.ndarray:
    first = to_epoch(start)
    return np.arange(first, first + int(hours * 3600), SAMPLE_S, dtype=np.int64)


def packet(raw: bytes, received: datetime = NOON) -> Packet:
    found = hj212.packet_of(hj212.decode(hj212.frame_of(raw)), received=received, ref=None)
    assert found is not None
    return found


def reading(raw: bytes, factor: str) -> FactorReading:
    return next(r for r in packet(raw).readings if r.factor == factor)


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_a_moment_asked_for_by_itself_equals_the_same_moment_of_a_day(kind: str) -> None:
    profile = Profile(MN, kind, seed=3)
    column = times(FRIDAY, 24)
    day = plant.samples(profile, column)
    for place in (0, 777, 4321, 8639):
        alone = plant.values(profile, from_epoch(column[place]))
        assert alone == {factor: day.values[factor][place] for factor in profile.factors}


def test_every_factor_code_is_in_the_table_with_its_medium() -> None:
    for kind in kinds.KINDS.values():
        for factor in Profile(MN, next(k for k, v in kinds.KINDS.items() if v is kind)).factors:
            known = hj212.lookup(factor)
            assert known is not None
            assert known.medium == kind.medium


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(list(kinds.KINDS)), edition=EDITIONS, moment=MOMENTS, seed=st.integers(0, 99))
def test_minimum_mean_and_maximum_are_in_order_in_every_interval_frame(
    kind: str, edition: str, moment: datetime, seed: int
) -> None:
    profile = Profile(MN, kind, seed=seed)
    for raw in frames.frames_for(profile, MINUTE, moment, edition):
        for one in packet(raw).readings:
            for prefix in ("", "Zs"):
                texts = [one.get(f"{prefix}{name}") for name in ("Min", "Avg", "Max")]
                if texts != [None] * 3:
                    low, mean, high = [number(t) for t in texts]
                    assert low is not None
                    assert mean is not None
                    assert high is not None
                    assert low <= mean <= high, one


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_the_real_time_value_lies_between_minimum_and_maximum_of_its_interval(kind: str) -> None:
    profile = Profile(MN, kind, seed=5)
    (raw,) = frames.frames_for(profile, MINUTE, NOON)
    for second in range(0, 600, 70):
        (now,) = frames.frames_for(profile, REALTIME, NOON + timedelta(seconds=second))
        for factor in profile.factors:
            value = number(reading(now, factor).get("Rtd"))
            edges = [number(reading(raw, factor).get(name)) for name in ("Min", "Max")]
            assert value is not None
            assert edges[0] is not None
            assert edges[1] is not None
            assert edges[0] <= value <= edges[1]


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_hours_are_made_of_minutes_and_days_of_hours(kind: str) -> None:
    profile = Profile(MN, kind, seed=11)
    minutes = means.from_samples(profile, plant.samples(profile, times(FRIDAY, 24)))
    hours = means.hours(profile, minutes)
    day = means.days(profile, hours)
    flow = profile.flow_factor
    total = hours.columns[flow].total
    assert total is not None
    assert day.columns[flow].total == pytest.approx(total.sum())
    for factor in profile.factors:
        parts = minutes.columns[factor]
        for hour in range(24):
            here = slice(hour * 6, hour * 6 + 6)
            if (parts.flags[here] != plant.NORMAL).any():
                continue
            weights = minutes.volume[here] if kind in WATER and factor in DISSOLVED else None
            if weights is not None and not weights.sum():
                weights = None
            expected = np.average(parts.mean[here], weights=weights)
            assert hours.columns[factor].mean[hour] == pytest.approx(expected, rel=1e-9)
            assert hours.columns[factor].low[hour] == parts.low[here].min()


DISSOLVED = {kinds.COD, kinds.NH3N, kinds.TP, kinds.TN}


def test_mass_and_volume_follow_the_standard() -> None:
    gas, water = Profile(MN, "cement_kiln"), Profile(MN, "sewage_plant")
    (hour,) = frames.frames_for(gas, HOUR, NOON)
    volume = number(reading(hour, kinds.GAS_FLOW).get("Cou"))
    mean, mass = (number(reading(hour, kinds.NOX).get(name)) for name in ("Avg", "Cou"))
    assert mass == pytest.approx(mean * volume * 1e-6, rel=2e-3)
    (hour,) = frames.frames_for(water, HOUR, NOON)
    volume = number(reading(hour, kinds.WATER_FLOW).get("Cou"))
    flow = number(reading(hour, kinds.WATER_FLOW).get("Avg"))
    assert volume == pytest.approx(flow * 3.6, rel=1e-3)
    mean, mass = (number(reading(hour, kinds.COD).get(name)) for name in ("Avg", "Cou"))
    assert mass == pytest.approx(mean * volume * 1e-3, rel=5e-3)


def test_the_converted_mean_is_the_mean_at_reference_oxygen() -> None:
    profile = Profile(MN, "coal_boiler")
    (hour,) = frames.frames_for(profile, HOUR, NOON)
    mean, converted = (number(reading(hour, kinds.NOX).get(name)) for name in ("Avg", "ZsAvg"))
    oxygen = number(reading(hour, kinds.O2).get("Avg"))
    assert converted == pytest.approx(mean * (21 - 9) / (21 - oxygen), rel=0.01)


def test_gas_flow_fits_velocity_temperature_pressure_and_moisture() -> None:
    profile = Profile(MN, "waste_incinerator")
    found = plant.values(profile, NOON)
    assert isinstance(profile.plant, kinds.GasKind)
    area = profile.plant.area_m2
    state = 273 / (273 + found[kinds.TEMPERATURE]) * (101.325 + found[kinds.PRESSURE]) / 101.325
    expected = area * found[kinds.VELOCITY] * state * (1 - found[kinds.HUMIDITY] / 100)
    assert found[kinds.GAS_FLOW] == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize("kind", GAS)
def test_the_daily_calibration_goes_to_zero_then_to_span_under_flag_c_and_costs_no_hour(kind: str) -> None:
    profile = Profile(MN, kind, seed=9)
    found = plant.samples(profile, times(FRIDAY, 24))
    during = found.flags[kinds.SO2] == FLAGS.index("C")
    assert during.sum() * SAMPLE_S == 600
    so2 = found.values[kinds.SO2][during]
    assert so2[:20].max() < 4
    assert so2[30:45].min() > 100
    assert set(found.flags[kinds.TEMPERATURE]) == {plant.NORMAL}
    minutes = means.from_samples(profile, found)
    assert (minutes.columns[kinds.SO2].flags == FLAGS.index("C")).sum() == 1
    assert set(means.hours(profile, minutes).columns[kinds.SO2].flags) == {plant.NORMAL}


@pytest.mark.parametrize("kind", WATER)
def test_water_analysers_hold_each_result_for_a_cycle(kind: str) -> None:
    profile = Profile(MN, kind, seed=9)
    found = plant.samples(profile, times(FRIDAY, 48))
    normal = found.flags[kinds.COD] == plant.NORMAL
    changes = np.flatnonzero(np.diff(found.values[kinds.COD]) * normal[1:] * normal[:-1])
    assert isinstance(profile.plant, kinds.WaterKind)
    cycle = profile.plant.cycle_s
    assert {int(gap) % (cycle // SAMPLE_S) for gap in np.diff(changes)} == {0}
    assert np.unique(found.values[kinds.PH]).size > 20


def test_a_works_that_does_not_discharge_holds_its_last_result() -> None:
    profile = Profile(MN, "food_factory", seed=2)
    night = plant.samples(profile, times(FRIDAY + timedelta(hours=1), 5))
    normal = night.flags[kinds.COD] == plant.NORMAL
    assert set(night.values[kinds.WATER_FLOW]) == {0.0}
    assert np.unique(night.values[kinds.COD][normal]).size == 1


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_ten_minute_means_move_and_are_autocorrelated(kind: str) -> None:
    profile = Profile(MN, kind, seed=21)
    found = means.from_samples(profile, plant.samples(profile, times(FRIDAY, 72)))
    factor = kinds.NOX if kind in GAS else kinds.PH
    values = found.columns[factor].mean[found.columns[factor].flags == plant.NORMAL]
    centred = values - values.mean()
    lag_1 = (centred[1:] * centred[:-1]).sum() / (centred**2).sum()
    assert lag_1 > 0.5
    assert np.unique(np.round(values, 1)).size > 5


def test_concentration_follows_load_and_oxygen() -> None:
    profile = Profile(MN, "coal_boiler", seed=4)
    found = plant.samples(profile, times(FRIDAY, 24 * 5))
    normal = found.flags[kinds.NOX] == plant.NORMAL
    load, oxygen = found.load[normal], found.values[kinds.O2][normal]
    assert np.corrcoef(load, oxygen)[0, 1] < -0.6
    assert np.corrcoef(load, found.values[kinds.VELOCITY][normal])[0, 1] > 0.8
    assert np.corrcoef(load, found.converted[kinds.NOX][normal])[0, 1] > 0.4


# --- faults ----------------------------------------------------------------------------------------

SPAN = Span(NOON, NOON + timedelta(hours=3))


def test_a_stuck_analyser_repeats_its_value_with_flag_n_while_all_else_moves() -> None:
    profile = Profile(MN, "coal_boiler", calibration_s=13 * 3600)
    found = plant.samples(profile, times(NOON, 3), (faults.Stuck(span=SPAN, factors=(kinds.SO2,)),))
    assert np.unique(found.values[kinds.SO2]).size == 1
    assert set(found.flags[kinds.SO2]) == {plant.NORMAL}
    assert np.unique(found.values[kinds.NOX]).size > 50


def test_an_exceedance_scales_pollutants_inside_its_span_only() -> None:
    profile = Profile(MN, "coal_boiler")
    fault = faults.Exceedance(span=SPAN, factors=(kinds.NOX,), scale=4.0)
    column = times(NOON - timedelta(hours=1), 5)
    clean, raised = plant.samples(profile, column), plant.samples(profile, column, (fault,))
    ratio = raised.values[kinds.NOX] / clean.values[kinds.NOX]
    inside = fault.inside(column)
    assert ratio[~inside] == pytest.approx(1.0)
    assert np.median(ratio[inside]) == pytest.approx(4.0, rel=0.01)
    assert (raised.values[kinds.SO2] == clean.values[kinds.SO2]).all()


def test_a_production_stop_has_no_flow_the_oxygen_of_air_and_flag_f() -> None:
    profile = Profile(MN, "gas_boiler")
    found = plant.samples(profile, times(NOON, 3), (faults.Stop(span=SPAN),))
    assert set(found.values[kinds.GAS_FLOW]) == {0.0}
    assert set(found.load) == {0.0}
    assert found.values[kinds.O2].min() > 20.7
    assert set(found.flags[kinds.NOX]) == {FLAGS.index("F")}
    temperature = found.values[kinds.TEMPERATURE]
    assert temperature[0] > 60 > temperature[-1]


def test_the_stack_warms_up_again_after_a_stop() -> None:
    profile = Profile(MN, "gas_boiler")
    stop = (faults.Stop(span=SPAN),)
    temperature = [
        plant.values(profile, SPAN.end + timedelta(minutes=m), stop)[kinds.TEMPERATURE] for m in (0, 60, 300)
    ]
    clean = plant.values(profile, SPAN.end + timedelta(minutes=300))[kinds.TEMPERATURE]
    assert temperature[0] < temperature[1] < temperature[2]
    assert temperature[2] == pytest.approx(clean, abs=0.3)


def test_faults_compose_in_the_order_given() -> None:
    profile = Profile(MN, "coal_boiler", calibration_s=0)
    raised = faults.Exceedance(factors=(kinds.SO2,), scale=5.0)
    stuck = faults.Stuck(span=SPAN, factors=(kinds.SO2,))
    clean = plant.values(profile, NOON)[kinds.SO2]
    assert plant.values(profile, NOON + timedelta(hours=1), (raised, stuck))[kinds.SO2] == pytest.approx(
        5 * clean, abs=0.03
    )


WIRE = {
    faults.WrongCrc: "crc",
    faults.WrongLength: "length",
    faults.Garbage: "garbage",
}


@pytest.mark.parametrize("fault", WIRE, ids=lambda f: f.__name__)
def test_a_spoilt_frame_gets_the_verdict_it_was_spoilt_for(fault: type[faults.Fault]) -> None:
    profile = Profile(MN, "hospital")
    stream = b"".join(frames.frames_for(profile, REALTIME, NOON, faults=(fault(),)))
    splitter = hj212.Splitter()
    events = splitter.receive(stream) + splitter.expire()
    codes = [e.problem.code for e in events if isinstance(e, hj212.Rejected)]
    assert any(WIRE[fault] in code for code in codes), codes


@pytest.mark.parametrize(("fault", "code"), [
    (faults.NonNumber(), "value_not_number"), (faults.UnknownFactor(), "factor_unknown"),
])  # fmt: skip
def test_spoilt_content_is_named_and_the_rest_is_read(fault: faults.Fault, code: str) -> None:
    profile = Profile(MN, "hospital")
    (raw,) = frames.frames_for(profile, REALTIME, NOON, faults=(fault,))
    assert code in [p.code for p in hj212.decode(hj212.frame_of(raw)).problems]
    assert reading(raw, kinds.WATER_FLOW).get("Rtd") is not None


@pytest.mark.parametrize("edition", ["2005", "2017", "2025"])
@pytest.mark.parametrize("packs", [1, 2, 3])
def test_split_packs_carry_the_whole_frame_once_and_each_its_own_qn(edition: str, packs: int) -> None:
    profile = Profile(MN, "coal_boiler")
    whole = frames.frames_for(profile, HOUR, NOON, edition)
    split = frames.frames_for(profile, HOUR, NOON, edition, faults=(faults.SplitPacks(packs=packs),))
    messages = [hj212.decode(hj212.frame_of(raw)) for raw in split]
    assert [m.pack for m in messages] == [(packs, n + 1) for n in range(packs)] or packs == 1
    assert len({m.qn for m in messages}) == packs
    assert [r for raw in split for r in packet(raw).readings] == [
        r for raw in whole for r in packet(raw).readings
    ]


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(list(kinds.KINDS)), edition=EDITIONS, cn=st.sampled_from([REALTIME, MINUTE, HOUR, DAY]),
       size=st.sampled_from([1.0, 1000.0]))  # fmt: skip
def test_clean_frames_have_no_problem_at_all_in_any_edition(
    kind: str, edition: str, cn: str, size: float
) -> None:
    mn = "31000000000001" if edition == "2005" else MN
    for raw in frames.frames_for(Profile(mn, kind, size=size), cn, FRIDAY, edition, supplement=True):
        message = hj212.decode(hj212.frame_of(raw))
        assert message.problems == ()
        assert message.edition == edition
        assert message.supplement is (edition == "2025")
