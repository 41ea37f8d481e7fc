"""The page on adding a detector, executed: its file dropped into a folder is found and works; broken ones are named."""

import re
from pathlib import Path

import numpy as np
import pytest
from tests.screening.outlets import gas, of_gas

from mingcha.core.errors import BadRule
from mingcha.core.facts import Setting
from mingcha.screening import load_detectors, standard_detectors

PAGE = Path(__file__).parents[2] / "docs" / "adding_a_detector.md"
BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path):
    for name, text in BLOCK.findall(PAGE.read_text("utf-8")):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def test_what_is_delivered_is_found():
    assert "S1" in standard_detectors()


def test_a_detector_is_found_by_dropping_one_file_into_a_folder(folder):
    assert list(load_detectors(folder)) == ["S7"]


def test_the_detector_of_the_page_finds_saturation_and_is_silent_without(folder):
    s7 = load_detectors(folder)["S7"]
    top = Setting("a21002", "mg/m3", range_top=60.0)
    assert s7.run(of_gas(gas(), top)) == []
    assert s7.run(of_gas(gas())) == []
    columns = gas()
    columns["a21002"][500:507] = np.linspace(59, 60, 7)
    [clue] = s7.run(of_gas(columns, top))
    assert (clue.detector, clue.version, clue.factor) == ("S7", "1", "a21002")
    assert clue.stats["hours"] == pytest.approx(7 / 6)
    assert clue.parameters["share"] == 0.98


def test_an_id_that_is_taken_is_refused(folder):
    text = (folder / "saturated.py").read_text("utf-8")
    (folder / "twice.py").write_text(text, "utf-8")
    with pytest.raises(BadRule, match=r"twice\.py: id 'S7' is taken"):
        load_detectors(folder)


def test_a_file_that_does_not_load_is_named(folder):
    (folder / "broken.py").write_text("import nothing_of_this_name\n", "utf-8")
    with pytest.raises(BadRule, match=r"broken\.py: ModuleNotFoundError"):
        load_detectors(folder)
