"""Process codes, i-codes and condition marks have their parts and their names."""

import pytest

from mingcha.core.citation import Sureness
from mingcha.protocol.hj212 import factors, informations


def test_a_process_code_has_class_factor_and_equipment():
    code = informations.process_code("e10203")
    assert (code.medium, code.process.en, code.factor.name_en, code.equipment) == (
        "water",
        "inlet",
        "Inlet COD",
        3,
    )
    gas = informations.process_code("g10412")
    assert (gas.medium, gas.process.zh, gas.equipment) == ("gas", "湿法脱硫", 12)
    assert gas.process.sureness is Sureness.OFFICIAL


@pytest.mark.parametrize("code", ["", "e1020", "e1020３", "e10200", "x10203", "e102031", "e00203", "w01018"])
def test_what_is_no_process_code_is_none(code):
    assert informations.process_code(code) is None


def test_every_row_of_the_factor_table_has_a_class_with_a_name():
    rows = [row.code for row in factors.table() if row.code[:1] in "eg" and row.code.endswith("xx")]
    assert len(rows) > 100
    nameless = {row for row in rows if informations.process_code(f"{row[:-2]}01").process is None}
    assert nameless == set()
    assert all(informations.process_code(f"{row[:-2]}01").factor is not None for row in rows)


def test_an_information_code_has_device_and_class():
    code = informations.information_code("i12001")
    assert (code.device[1], code.kind[1], code.factor.name_en) == (
        "instrument",
        "state",
        "Instrument working state",
    )
    assert (code.value("2").en, code.value("10").zh, code.value("4")) == ("fault", "运维", None)
    assert informations.information_code("i22001").value("1").en == "stop"
    assert informations.information_code("i22101").value("2").en == "no device"
    assert informations.information_code("i33321").factor.code == "i3332x"


def test_the_capital_i_of_the_printed_table_is_read():
    assert informations.information_code("I33001").code == "i33001"


@pytest.mark.parametrize("code", ["", "i", "i42001", "i14001", "i1200", "i120011", "w01018", "i1２001"])
def test_what_is_no_information_code_is_none(code):
    assert informations.information_code(code) is None


def test_every_information_row_of_the_factor_table_is_one():
    rows = [row.code for row in factors.table() if row.code[:1] in "iI" and row.code]
    assert len(rows) > 30
    for row in rows:
        assert informations.information_code(row) is not None, row


def test_every_meaning_is_of_a_code_of_the_table():
    for code, _ in informations.information_values():
        assert code == "SB" or factors.lookup(code) is not None


def test_equipment_states_have_names():
    assert informations.equipment_state("SB1", "5").zh == "反吹"
    assert informations.equipment_state("SB1", "9") is None
    assert informations.equipment_state("w01018", "1") is None


def test_condition_marks_are_their_own_alphabet():
    assert informations.condition_mark("45", "p99101", "St").en == "start-up"
    assert informations.condition_mark("45", "p99101", "B").en == "banked fire"
    assert informations.condition_mark("45", "p99101", "Zz") is None
    assert informations.condition_mark("31", "p99101", "St") is None
    assert informations.condition_mark("45", "w01018", "St") is None
    assert informations.condition_marks()["Sr"].sureness is Sureness.DOUBTFUL


def test_units_and_formats_can_be_the_stations_own():
    assert factors.unit_of("w01018") == "mg/L"
    assert factors.unit_of("w01018", (("w01018", "g/L"),)) == "g/L"
    assert factors.unit_of("unknown") == ""
    assert factors.format_of("a21002", "2017") != factors.format_of("a21002", "2025") == "N4.2"
    assert factors.format_of("a21002", "2025", (("a21002", "N9.9"),)) == "N9.9"
    assert factors.format_of("unknown", "2017") == ""
