"""The code tables: commands, factors, system codes and data flags."""

import subprocess
import sys

import pytest

from mingcha.core.citation import Sureness
from mingcha.protocol.hj212 import commands, editions, factors, lookup


def test_a_factor_is_found_by_the_code_of_any_edition():
    assert lookup("w01018").name_zh == "化学需氧量"
    assert lookup("011") is lookup("w01018")
    assert factors.canonical("011") == "w01018"
    assert factors.canonical("w01018") == "w01018"
    assert factors.canonical("PM10") == "PM10"
    assert (lookup("w01018").digits, lookup("w01018").decimals, lookup("w01018").unit) == (5, 1, "mg/L")


def test_numbered_equipment_finds_its_row():
    assert lookup("e10103").name_en == "Inlet flow"
    assert lookup("i33332").code == "i3333x"
    assert lookup("e99901") is None


def test_an_unknown_code_is_none_not_an_error():
    for code in ("PM10", "", "w0101", "x" * 100, "##"):
        assert lookup(code) is None
    assert not factors.is_known("PM10")
    assert factors.is_known("SB12")
    assert factors.is_known("p99101")


def test_all_rows_of_the_tables_are_read():
    assert len(factors.table()) == 399
    assert len(commands.commands()) == 152
    assert {"21", "31", "32", "44", "45", "91"} <= set(commands.system_codes())
    assert "10-29" not in commands.system_codes()


def test_a_command_means_different_things_in_different_editions():
    assert "alarm" in commands.meanings("1001", "2005")[0].name_en
    assert "hardware" in commands.meanings("1001", "2025")[0].name_en
    assert commands.meanings("1001", "2025")[0].sureness is Sureness.SECONDARY
    assert commands.meanings("2011", "2017")[0].sureness is Sureness.OFFICIAL
    assert commands.meanings("7777") == ()


@pytest.mark.parametrize(
    ("cn", "edition", "notify"), [("1013", "2017", True), ("9015", "2025", True), ("2011", "2017", False)]
)
def test_notifies_are_told_from_uploads(cn, edition, notify):
    assert commands.is_notify(cn, edition) is notify


def test_validity_of_data_flags_is_a_table_of_the_edition():
    assert editions.is_valid("2017", "N")
    assert not editions.is_valid("2017", "D")
    assert not editions.is_valid("2017", "Td")
    assert editions.data_flags("2025")["Td"].treatment == "condition"
    assert "P" not in editions.data_flags("2005")
    assert not editions.is_valid(None, "?")
    assert editions.data_flags("2005")["N"].sureness is Sureness.DEFAULT


def test_version_bits_are_those_of_the_editions():
    assert [editions.version_bits(edition) for edition in editions.EDITIONS] == [0, 4, 8]


def test_importing_the_protocol_loads_nothing_heavy():
    code = "import sys, mingcha.protocol.hj212; print([m for m in ('django','numpy','asyncio','click') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


@pytest.mark.parametrize(("setting", "expected"), [("1", "pure"), ("", None), ("0", None)])
def test_the_environment_forces_the_pure_twin(setting, expected):
    import os

    code = "from mingcha.protocol import hj212; print(hj212.BACKEND)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"MINGCHA_PURE": setting},
    )
    assert expected is None or ran.stdout.strip() == expected
    assert ran.stdout.strip() in ("pure", "compiled")
