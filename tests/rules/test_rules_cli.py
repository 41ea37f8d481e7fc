"""``mingcha rules``: what scripts rely on."""

import json

import pytest
from click.testing import CliRunner

from mingcha.cli.rules import rules

GIVEN = {
    "factor": "a21026", "start": "2026-03-01T10:00:00+08:00", "unit": "mg/m3", "code": "N", "valid_minutes": 48,
    "mean": 30, "converted": 39.1,
    "limit": {
        "factor": "a21026", "value": "35", "unit": "mg/m3", "averaging": "hour", "document": "排污许可证",
        "clause": "表1", "valid_from": "2024-01-01", "reference_o2": "6",
    },
}  # fmt: skip


def run(*words, given=None):
    return CliRunner().invoke(rules, list(words), input=given if given is None else json.dumps(given))


def test_list_names_every_rule():
    assert "hj75.hour_limit" in run("list").output
    assert json.loads(run("list", "--json").output)[0]["clause"] == "R-75-C.6"


def test_show_prints_inputs_parameters_and_outcomes():
    shown = json.loads(run("show", "hj75.hour_limit", "--json").output)
    assert shown["parameters"]["hj_75_2017.min_valid_minutes"][0]["value"] == "45"
    assert {"near_limit", "exceeded"} <= {o["code"] for o in shown["outcomes"]}
    assert "far_exceeded" in run("show", "hj75.hour_limit").output


def test_an_exceedance_ends_with_1_and_prints_the_contract():
    done = run("judge", "hj75.hour_limit", "--input", "-", "--json", given=GIVEN)
    shown = json.loads(done.output)
    assert done.exit_code == 1
    assert (shown["result"], shown["code"], shown["rule"]) == ("exceeded", "exceeded", "hj75.hour_limit")
    assert shown["provisional"] is True


def test_met_ends_with_0_and_not_judged_with_1():
    assert run("judge", "hj75.hour_limit", "--input", "-", given={**GIVEN, "converted": 3.1}).exit_code == 0
    assert run("judge", "hj75.hour_limit", "--input", "-", given={**GIVEN, "code": "M"}).exit_code == 1


def test_a_file_is_read_and_the_day_of_the_hour_decides_which_law(tmp_path):
    path = tmp_path / "hour.json"
    path.write_text(json.dumps({**GIVEN, "start": "2018-02-28T23:00:00+08:00"}), "utf-8")
    done = run("judge", "hj75.hour_limit", "--input", str(path), "--json")
    assert json.loads(done.output)["code"] == "not_in_force"
    forced = run("judge", "hj75.hour_limit", "--input", str(path), "--json", "--day", "2026-03-01")
    assert json.loads(forced.output)["code"] == "exceeded"


@pytest.mark.parametrize(
    ("words", "given", "said"),
    [
        (["show", "hj75.none"], None, "known: "),
        (["judge", "hj75.none", "--input", "-"], {}, "known: "),
        (["judge", "hj75.hour_limit", "--input", "-"], {"value": 1}, "factor: missing"),
        (["judge", "hj75.hour_limit", "--input", "-"], [1], "expected one object"),
        (["judge", "hj75.hour_limit", "--input", "-", "--region", "mars"], GIVEN, "expected one of"),
        (["judge", "hj75.hour_limit"], None, "--input"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_to_do(words, given, said):
    done = run(*words, given=given)
    assert done.exit_code == 2
    assert said in done.output


def test_input_that_is_no_json_is_wrong_use():
    done = CliRunner().invoke(rules, ["judge", "hj75.hour_limit", "--input", "-"], input="{")
    assert done.exit_code == 2
    assert "no JSON" in done.output


def test_coverage_counts_and_lists():
    shown = json.loads(run("coverage", "--json").output)
    assert shown["counts"]["done"] == sum(c["status"] == "done" for c in shown["clauses"])
    assert "R-75-C.6" in run("coverage").output
