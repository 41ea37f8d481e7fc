"""Every public function of ``stats`` has a slow twin that a property test asks, or a reason why it needs none."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from tests import naive

import mingcha.stats

# Function -> its twin in tests/naive.py.
TWINS = {
    "capture.capture": "emissions.capture",
    "capture.quarter_hours": "emissions.quarter_hours",
    "capture.quarter_of": "emissions.quarter_of",
    "checks.differs": "emissions.differs",
    "checks.drift": "formulas.drift",
    "checks.invalid_spans": "emissions.invalid_spans",
    "checks.relative_accuracy": "formulas.relative_accuracy",
    "checks.standard_check_error": "formulas.standard_check_error",
    "comparison.compare": "rates.compare",
    "conversion.actual_flow": "formulas.actual_flow",
    "conversion.convert_by_excess_air": "formulas.convert_by_excess_air",
    "conversion.convert_o2": "convert_o2",
    "conversion.convert_series": "convert_o2",
    "conversion.emission_kg": "formulas.emission_kg",
    "conversion.emission_t": "formulas.emission_t",
    "conversion.exceedance_multiple": "formulas.exceedance_multiple",
    "conversion.humidity_from_oxygen": "formulas.humidity_from_oxygen",
    "conversion.mass_from_volume": "formulas.mass_from_volume",
    "conversion.nox_as_no2": "formulas.nox_as_no2",
    "conversion.nox_from_volume": "formulas.nox_from_volume",
    "conversion.standard_flow": "formulas.standard_flow",
    "conversion.to_standard_state": "formulas.to_standard_state",
    "conversion.velocity": "formulas.velocity",
    "conversion.volume_from_mass": "formulas.volume_from_mass",
    "conversion.water_mass_kg": "formulas.water_mass_kg",
    "conversion.wet_to_dry": "formulas.wet_to_dry",
    "corrections.correctable": "emissions.correctable",
    "corrections.corrected": "emissions.correctable",
    "days.day_total": "days.day_total",
    "days.enough_hours": "days.enough_hours",
    "days.gas_day": "days.gas_day",
    "days.time_share_within": "days.time_share_within",
    "days.water_day": "days.water_day",
    "exemptions.exempt_hours": "emissions.exempt_hours",
    "expected.covered": "rates.covered",
    "expected.expected": "rates.expected",
    "expected.named": "rates.expected",
    "expected.results_due": "rates.results_due",
    "expected.touched": "rates.touched",
    "expected.valid_data_ratio": "rates.percent",
    "flags.code_of": "days.code_letter",
    "flags.codes_of": "days.code_letter",
    "flags.rolled_up": "days.rolled_up",
    "flow.mean_concentration": "formulas.mean_concentration",
    "flow.mean_flow": "formulas.mean_flow",
    "flow.totaliser_volumes": "formulas.totaliser_volumes",
    "flow.volumes": "formulas.volumes",
    "furnace.excluded_windows": "emissions.excluded_windows",
    "furnace.five_minutes": "emissions.five_minutes",
    "furnace.low_windows": "emissions.low_windows",
    "furnace.momentary": "emissions.momentary",
    "hours.gas_hours": "gas_hour",
    "hours.hour_code": "hour_code",
    "hours.water_hour_code": "days.water_hour_code",
    "hours.water_hours": "days.water_hour",
    "hours.weighted_mean": "mean",
    "legacy.gaps": "days.ranges",
    "legacy.legacy_gas_fill": "emissions.legacy_gas_fill",
    "legacy.legacy_water_fill": "emissions.legacy_water_fill",
    "minutes.minutes_of": "days.minutes_of",
    "months.gas_month": "days.gas_month",
    "months.water_month": "days.water_month",
    "rates.count_hours": "rates.count_hours",
    "rates.fields_complete": "rates.fields_complete",
    "rates.lost_hours": "rates.lost_hours",
    "rates.percent": "rates.percent",
    "rates.rates": "rates.rates",
    "rates.required_fields": "rates.required_fields",
    "rates.standard_check_leaves": "rates.standard_check_leaves",
    "rates.sum_counts": "rates.sum_counts",
    "rates.without_own_downtime": "rates.without_own_downtime",
    "records.aligned": "days.aligned",
    "records.groups": "days.ranges",
    "records.make_records": "gas_hour",
    "records.record_lengths": "lengths",
    "records.without_flow_stopped": "days.without_flow_stopped",
    "replacement.replace_water_day": "emissions.replace_water_day",
    "replacement.water_day_emission": "formulas.water_mass_kg",
    "substitution.missing_too_much": "emissions.missing_too_much",
    "substitution.substitute": "emissions.substitute",
    "thinning.thin": "rates.thin",
    "totals.forecast": "emissions.forecast",
}
NO_TWIN = {
    "decimals.decimals_of": "looks a row up; its table is tested by example",
    "decimals.decimals_table": "reads the delivered file",
    "decimals.read_decimals": "reads a file; tested by broken ones",
    "decimals.shown": "one call of Decimal.quantize; tested by example",
    "flags.read_table": "reads a file; tested by broken ones",
    "flags.table": "reads the delivered file",
    "hours.settled": "cuts the noise of binary sums; every comparison here passes through it",
}
HERE = Path(__file__).parent


def public_functions() -> set[str]:
    found = set()
    for module in pkgutil.iter_modules(mingcha.stats.__path__):
        loaded = importlib.import_module(f"mingcha.stats.{module.name}")
        for name, item in vars(loaded).items():
            plain = inspect.unwrap(item) if callable(item) else item
            if inspect.isfunction(plain) and plain.__module__ == loaded.__name__ and not name.startswith("_"):
                found.add(f"{module.name}.{name}")
    return found


def test_every_public_function_has_a_twin_or_a_reason():
    known = TWINS.keys() | NO_TWIN.keys()
    assert public_functions() == known, "add a slow definition to tests/naive.py, or a reason to NO_TWIN"
    assert not TWINS.keys() & NO_TWIN.keys()
    assert all(NO_TWIN.values())


def sources() -> dict[str, str]:
    """By file of property tests its text, twins named in full."""
    texts = {}
    for path in HERE.glob("test_stats_properties*.py"):
        text = path.read_text("utf-8")
        room = re.search(r"^slow = naive\.(\w+)$", text, re.MULTILINE)
        texts[path.name] = text.replace("slow.", f"naive.{room[1]}.") if room else text
    return texts


@pytest.mark.parametrize("function", sorted(TWINS))
def test_a_property_test_asks_both(function):
    twin, name = naive, function.partition(".")[2]
    for part in TWINS[function].split("."):
        twin = getattr(twin, part)
    assert inspect.isfunction(twin)
    called = re.compile(rf"\bnaive\.{re.escape(TWINS[function])}\(")
    fast = re.compile(rf"(?<![\w.]){name}\(|\b(?:conversion|flow|checks)\.{name}\(")
    assert any(called.search(text) and fast.search(text) for text in sources().values())
