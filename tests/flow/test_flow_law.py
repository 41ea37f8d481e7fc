"""Thresholds of statistics come from dated parameters; what is delivered says what the dataclasses default to."""

import shutil
from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest

from mingcha.core.citation import Sureness
from mingcha.core.errors import BadRule
from mingcha.flow import law
from mingcha.rules.engine.registry import RULES, load_all, standard_registry
from mingcha.stats.comparison import Tolerance
from mingcha.stats.corrections import CORRECTED_MGL
from mingcha.stats.furnace import FurnaceLaw
from mingcha.stats.rates import RatesLaw, VrBase
from mingcha.stats.replacement import WaterLaw
from mingcha.stats.substitution import SubstitutionLaw
from mingcha.stats.totals import ForecastLaw
from mingcha.stats.validity import Validity

DAY = date(2026, 3, 1)
LAWS = {
    law.validity_on: (Validity(), set(law.VALIDITY)),
    law.substitution_on: (SubstitutionLaw(), set(law.SUBSTITUTION)),
    law.water_on: (WaterLaw(), set(law.WATER)),
    law.furnace_on: (FurnaceLaw(), set(law.FURNACE)),
    law.rates_on: (RatesLaw(), {*law.RATES, "vr_base"}),
    law.forecast_on: (ForecastLaw(), {"recent_days"}),
    law.tolerance_on: (Tolerance(), {"share", "least"}),
}


@pytest.fixture
def tree(tmp_path):
    shutil.copytree(RULES / "standards", tmp_path / "standards")
    shutil.copytree(RULES / "regions", tmp_path / "regions")
    return tmp_path


def changed(tree, name: str, old: str, new: str):
    folder, _, stem = name.partition(".")
    path = tree / "standards" / folder / "params" / f"{stem}.yaml"
    text = path.read_text("utf-8")
    assert f'"{old}"' in text
    path.write_text(text.replace(f'"{old}"', f'"{new}"', 1), "utf-8")
    return load_all(tree / "standards", tree / "regions")


@pytest.mark.parametrize("filled", LAWS, ids=lambda f: f.__name__)
def test_todays_defaults_are_what_is_delivered_and_every_field_has_its_parameter(filled):
    default, named = LAWS[filled]
    assert filled(DAY, "shanghai", standard_registry()) == default
    assert {field.name for field in fields(default)} == named


def test_corrected_values_and_the_first_cut_are_delivered_as_well():
    assert law.corrections_on(DAY, "shanghai", standard_registry()) == CORRECTED_MGL
    assert law.first_cut_hour_on(DAY, "shanghai", standard_registry()) == law.FIRST_CUT_HOUR


@pytest.mark.parametrize(
    ("name", "sureness"),
    [
        ("hj_75_2017.min_valid_days", Sureness.OFFICIAL),
        ("hj_75_2017.long_look_back_hours", Sureness.OFFICIAL),
        ("hj_75_2017.max_missing_share", Sureness.SECONDARY),
        ("hj_356_2019.look_back_days", Sureness.SECONDARY),
        ("order_10_2019.max_low_windows", Sureness.SECONDARY),
        ("hj_212_2017.min_normal_share", Sureness.OFFICIAL),
        ("transmission_rates.first_cut_hour", Sureness.DEFAULT),
        ("emission_totals.recent_days", Sureness.DEFAULT),
    ],
)
def test_each_number_says_how_sure_it_is(name, sureness):
    assert standard_registry().parameter(name, DAY).sureness is sureness


def test_a_changed_number_is_used_and_keeps_its_digits(tree):
    assert law.substitution_on(
        DAY, "shanghai", changed(tree, "hj_75_2017.good_capture", "90", "92.5")
    ).good_capture == pytest.approx(92.5)
    registry = changed(tree, "hj_75_2017.over_equipment_minutes", "15", "20")
    assert law.validity_on(DAY, "shanghai", registry).over_equipment_s == 1200
    registry = changed(tree, "transmission_rates.vr_base_due", "0", "1")
    assert law.rates_on(DAY, "shanghai", registry).vr_base is VrBase.DUE


def test_a_pass_line_holds_from_its_own_date():
    lines = [
        law.rates_on(date(year, 6, 1), "national", standard_registry()).pass_line for year in (2015, 2026)
    ]
    assert lines == [Decimal(75), Decimal(90)]


def test_a_count_that_is_not_whole_and_a_file_that_is_gone_are_named(tree):
    broken = changed(tree, "order_10_2019.episode_hours", "4", "4.5")
    with pytest.raises(
        BadRule, match=r"order_10_2019.episode_hours is 4.5 on 2026-03-01; give a whole number"
    ):
        law.furnace_on(DAY, "shanghai", broken)
    (tree / "standards" / "hj_75_2017" / "params" / "min_valid_days.yaml").unlink()
    with pytest.raises(BadRule, match=r"hj_75_2017/params/min_valid_days.yaml is missing"):
        law.validity_on(DAY, "shanghai", load_all(tree / "standards", tree / "regions"))
