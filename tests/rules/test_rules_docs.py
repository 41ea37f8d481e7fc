"""The page on adding a rule, executed: its files dropped into a folder are found, judge and pass their cases."""

import re
import shutil
from pathlib import Path

import pytest

from mingcha.rules.engine.cases import load_cases
from mingcha.rules.engine.registry import RULES, load_all, standard_registry

PAGE = Path(__file__).parents[2] / "docs" / "adding_a_rule.md"
BLOCK = re.compile(r"^```\w+ file=(\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def registry(tmp_path):
    """What is delivered, and the files of the page beside it."""
    shutil.copytree(RULES / "standards" / "hj_75_2017", tmp_path / "standards" / "hj_75_2017")
    shutil.copytree(RULES / "regions", tmp_path / "regions")
    for name, text in BLOCK.findall(PAGE.read_text("utf-8")):
        (tmp_path / "standards" / "hj_75_2017" / name).write_text(text, "utf-8")
    return load_all(tmp_path / "standards", tmp_path / "regions")


def test_a_second_rule_is_found_by_dropping_its_files_into_the_folder(registry):
    assert set(registry.rules) - set(standard_registry().rules) == {"hj75.oxygen_plausible"}
    assert "hj_75_2017.doubtful_o2" in registry.parameters


def test_the_cases_of_the_page_pass_and_reach_every_outcome(registry):
    cases = [case for case in load_cases(registry) if case.rule == "hj75.oxygen_plausible"]
    verdicts = [case.judged(registry) for case in cases]
    assert [v.result for v in verdicts] == [case.expect for case in cases]
    assert [v.code for c, v in zip(cases, verdicts, strict=True) if c.outcome] == [
        c.outcome for c in cases if c.outcome
    ]
    assert {v.code for v in verdicts} == {o.code for o in registry.rules["hj75.oxygen_plausible"].outcomes}
    assert all(v.receipt.provisional for v in verdicts)
