"""Broken files of the law: the message names file, key and remedy."""

import pytest

from mingcha.core.errors import BadRule
from mingcha.rules.engine.cases import load_cases
from mingcha.rules.engine.registry import load_all

PARAM = {
    "title": "上限", "unit": "mg/m3", "values": "{2020-01-01: '100'}", "cite": "{2020-01-01: DEMO §1}",
    "sureness": "{2020-01-01: official}", "checked_on": "2026-01-01",
}  # fmt: skip
CLAUSES = (
    "document: DEMO\ntitle_zh: 示例\ntitle_en: Demo\nin_force_from: 2020-01-01\nin_force_to: null\nclauses:\n"
    "  D-1: {clause: '1', title: 示例, status: todo, text_seen: true, sureness: official}\n"
)
RULE = (
    "from mingcha.core.verdicts import Result\n"
    "from mingcha.rules.engine import Input, Outcome, Said, rule\n"
    "@rule(id='demo.a', title_zh='甲', title_en='A', cite='DEMO §1', clause='D-1', params=('top',),\n"
    "      inputs=(Input('value', 'number', 'v'),), outcomes=(Outcome('met', Result.MET, None, '达标', 'met'),))\n"
    "def a(given, law):\n    return Said('met')\n"
)
NATIONAL = "title_zh: 全国\ntitle_en: National\nparent: null\nparameters: {}\n"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "standards" / "demo"
    (place / "params").mkdir(parents=True)
    (place / "cases").mkdir()
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "national.yaml").write_text(NATIONAL, "utf-8")
    (place / "clauses.yaml").write_text(CLAUSES, "utf-8")
    (place / "params" / "top.yaml").write_text(yaml_of(PARAM), "utf-8")
    (place / "a.py").write_text(RULE, "utf-8")
    return place


def yaml_of(fields):
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def overlay(name, fields):
    """A region that changes one parameter; without ``fields`` one whose title is missing."""
    lines = [f"    {key}: {value}" for key, value in fields.items()] or [
        f"    {key}: {value}" for key, value in PARAM.items() if key != "title"
    ]
    return "\n".join([NATIONAL.replace("null", "national").replace("{}\n", ""), f"  {name}:", *lines, ""])


def load(folder):
    return load_all(folder.parent, folder.parent.parent / "regions")


def assert_broken(folder, *words):
    with pytest.raises(BadRule) as caught:
        load(folder)
    for word in words:
        assert word in str(caught.value)


def test_the_fixture_itself_is_sound(folder):
    assert list(load(folder).rules) == ["demo.a"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"values": "{2020-01-01: 100}"}, ["top.yaml", "values.2020-01-01", "quoted string"]),
        ({"values": "{2020-01-01: 'much'}"}, ["top.yaml", "values.2020-01-01", "decimal number"]),
        ({"values": "{2020-01-01: 'NaN'}"}, ["top.yaml", "finite"]),
        (
            {"values": "{soon: '1'}", "cite": "{soon: a}", "sureness": "{soon: official}"},
            ["values.soon", "YYYY-MM-DD"],
        ),
        ({"values": "{}"}, ["top.yaml", "'values'", "at least one date"]),
        ({"values": "100"}, ["top.yaml", "'values'", "keys with values"]),
        ({"cite": "{2021-01-01: DEMO}"}, ["top.yaml", "'cite'", "one entry per date"]),
        ({"sureness": "{2020-01-01: sure}"}, ["top.yaml", "sureness.2020-01-01", "official"]),
        ({"unit": "''"}, ["top.yaml", "'unit'", "not empty"]),
        ({"checked_on": "maybe"}, ["top.yaml", "'checked_on'", "YYYY-MM-DD"]),
        ({"colour": "red"}, ["top.yaml", "'colour'", "expected one of"]),
    ],
)
def test_a_broken_parameter_names_file_key_and_remedy(folder, change, words):
    (folder / "params" / "top.yaml").write_text(yaml_of({**PARAM, **change}), "utf-8")
    assert_broken(folder, *words)


@pytest.mark.parametrize("key", list(PARAM))
def test_a_missing_key_of_a_parameter_is_named(folder, key):
    (folder / "params" / "top.yaml").write_text(
        yaml_of({k: v for k, v in PARAM.items() if k != key}), "utf-8"
    )
    assert_broken(folder, "top.yaml", f"'{key}' is missing")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1, 2", ["top.yaml", "mend the syntax"]),
        ("- a\n- b\n", ["top.yaml", "found list"]),
        ("", ["top.yaml", "found NoneType"]),
    ],
)
def test_a_file_that_is_no_mapping_is_named(folder, text, words):
    (folder / "params" / "top.yaml").write_text(text, "utf-8")
    assert_broken(folder, *words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("status: todo", "status: perhaps", ["clauses.yaml", "D-1.status", "done, todo, exempt"]),
        ("text_seen: true", "text_seen: 'maybe'", ["D-1.text_seen", "true or false"]),
        ("status: todo", "status: exempt", ["D-1", "comment", "say why"]),
        ("status: todo", "status: done", ["D-1", "'by'"]),
        ("title: 示例, ", "", ["clauses.yaml", "'D-1.title' is missing"]),
        ("in_force_from: 2020-01-01", "in_force_from: then", ["'in_force_from'", "YYYY-MM-DD"]),
    ],
)
def test_a_broken_clause_list_names_file_key_and_remedy(folder, old, new, words):
    (folder / "clauses.yaml").write_text(CLAUSES.replace(old, new, 1), "utf-8")
    assert_broken(folder, *words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("'top'", "'bottom'", ["a.py", "demo.bottom", "add demo/params/bottom.yaml"]),
        ("clause='D-1'", "clause='D-9'", ["a.py", "'D-9'", "clauses.yaml"]),
        ("'number'", "'numeral'", ["a.py", "'numeral'", "text, number"]),
        ("def a(", "def a(:", ["a.py", "SyntaxError", "mend the file"]),
        ("outcomes=(", "outcomes=(Outcome('met', Result.MET, None, '', ''), ", ["'met'", "declared twice"]),
    ],
)
def test_a_broken_rule_names_file_and_remedy(folder, old, new, words):
    (folder / "a.py").write_text(RULE.replace(old, new, 1), "utf-8")
    assert_broken(folder, *words)


def test_two_rules_of_one_id_are_refused(folder):
    (folder / "b.py").write_text(RULE, "utf-8")
    assert_broken(folder, "b.py", "'demo.a' is taken", "choose another")


def test_a_rule_in_a_folder_without_clauses_is_refused(folder):
    (folder / "clauses.yaml").unlink()
    assert_broken(folder, "a.py", "no clauses.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (NATIONAL.replace("null", "mars"), ["place.yaml", "'parent'", "'mars'", "no file"]),
        (NATIONAL.replace("null", "place"), ["place.yaml", "circle"]),
        (NATIONAL, ["place.yaml", "does not lead to 'national'"]),
        (overlay("demo.none", {}), ["place.yaml", "parameters.demo.none.title' is missing"]),
        (overlay("demo.none", PARAM), ["place.yaml", "demo.none", "overlays nothing"]),
        (overlay("demo.top", {**PARAM, "unit": "ppm"}), ["place.yaml", "demo.top.unit", "same unit"]),
    ],
)
def test_a_broken_region_names_file_key_and_remedy(folder, text, words):
    (folder.parent.parent / "regions" / "place.yaml").write_text(text, "utf-8")
    assert_broken(folder, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a_case: {day: 2026-01-01, expect: met}\n", ["cases", "'rule' is missing"]),
        ("rule: demo.z\n", ["'rule'", "'demo.z'", "not loaded"]),
        ("rule: demo.a\na_case: {day: 2026-01-01, expect: fine}\n", ["a_case.expect", "met, exceeded"]),
        ("rule: demo.a\na_case: {expect: met}\n", ["a_case.day", "YYYY-MM-DD"]),
    ],
)
def test_a_broken_case_names_file_key_and_remedy(folder, text, words):
    (folder / "cases" / "a.yaml").write_text(text, "utf-8")
    with pytest.raises(BadRule) as caught:
        load_cases(load(folder))
    for word in words:
        assert word in str(caught.value)


def test_an_outcome_that_was_never_declared_is_an_error_and_not_a_verdict(folder):
    from datetime import date

    from mingcha.rules.engine import judge

    (folder / "a.py").write_text(RULE.replace("Said('met')", "Said('else')"), "utf-8")
    with pytest.raises(BadRule, match="said 'else', which it does not declare"):
        judge("demo.a", {"value": "1"}, day=date(2026, 1, 1), region="national", registry=load(folder))


def test_a_message_that_asks_for_a_value_nobody_gave_is_an_error(folder):
    from datetime import date

    from mingcha.rules.engine import judge

    (folder / "a.py").write_text(RULE.replace("'达标'", "'达标 {much}'"), "utf-8")
    with pytest.raises(BadRule, match="message of 'met' needs 'much'"):
        judge("demo.a", {"value": "1"}, day=date(2026, 1, 1), region="national", registry=load(folder))
