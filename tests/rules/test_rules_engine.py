"""The engine: dated parameters, regions, receipts, confirmations."""

from datetime import date
from decimal import Decimal

import pytest

from mingcha.core.citation import Sureness
from mingcha.core.digest import digest
from mingcha.core.errors import BadInput, NotFound
from mingcha.core.verdicts import Result
from mingcha.rules.engine import Confirmation, judge, standard_registry
from mingcha.rules.engine.coverage import counts, coverage
from mingcha.rules.engine.registry import load_all

DAY = date(2026, 3, 1)
LIMIT = {
    "factor": "a21026", "value": "35", "unit": "mg/m3", "averaging": "hour", "document": "排污许可证",
    "clause": "表1", "valid_from": "2024-01-01", "reference_o2": "6",
}  # fmt: skip
GIVEN = {
    "factor": "a21026", "start": "2026-03-01T10:00:00+08:00", "unit": "mg/m3", "code": "N",
    "valid_minutes": 48, "mean": 30.0, "converted": 39.1, "limit": LIMIT,
}  # fmt: skip
CONFIRMED = tuple(
    Confirmation(f"hj_75_2017.{name}", date(2018, 3, 1), "某局", date(2026, 2, 1), "预警阶梯采用默认值")
    for name in ("near_limit_share", "urgent_multiple")
)


def hour_limit(confirmations=(), region="national", registry=None, **changed):
    return judge(
        "hj75.hour_limit",
        {**GIVEN, **changed},
        day=DAY,
        region=region,
        confirmations=confirmations,
        registry=registry,
    )


def test_a_receipt_names_rule_version_clause_parameters_inputs_and_why():
    receipt = hour_limit().receipt
    assert (receipt.rule, receipt.version) == ("hj75.hour_limit", "1@2018-03-01")
    assert receipt.clause == "HJ 75-2017 附录C.6"
    assert receipt.parameters["hj_75_2017.min_valid_minutes"]["value"] == "45"
    assert receipt.parameters["hj_75_2017.min_valid_minutes"]["valid_from"] == "2018-03-01"
    assert "R-75-3.2" in receipt.parameters["hj_75_2017.min_valid_minutes"]["cite"]
    assert receipt.inputs["limit"]["document"] == "排污许可证"
    assert receipt.inputs_sha256 == digest(receipt.inputs)
    assert "in force since 2018-03-01" in receipt.why_version
    assert "39.1 > 35" in receipt.steps


def test_a_receipt_can_be_judged_again_and_says_the_same():
    first = hour_limit()
    again = judge("hj75.hour_limit", first.receipt.inputs, day=DAY, region="national")
    assert again == first


def test_a_verdict_on_a_default_parameter_is_provisional_until_a_named_regulator_confirms_it():
    assert hour_limit().receipt.provisional
    assert any("urgent_multiple" in step for step in hour_limit().receipt.steps)
    confirmed = hour_limit(CONFIRMED)
    assert not confirmed.receipt.provisional
    assert confirmed.receipt.parameters["hj_75_2017.urgent_multiple"]["confirmed"]["by"] == "某局"
    assert hour_limit(CONFIRMED[:1]).receipt.provisional


def test_a_confirmation_of_another_date_covers_nothing():
    old = tuple(Confirmation(c.parameter, date(2017, 1, 1), c.by, c.on, c.text) for c in CONFIRMED)
    assert hour_limit(old).receipt.provisional


def test_a_limit_that_is_not_official_makes_the_verdict_provisional():
    verdict = hour_limit(CONFIRMED, limit={**LIMIT, "sureness": "secondary"})
    assert verdict.receipt.provisional
    assert verdict.receipt.sureness is Sureness.DEFAULT


def test_numbers_are_compared_as_written_and_floats_by_their_shortest_text():
    assert hour_limit(converted=35.0).result is Result.MET
    assert hour_limit(converted="35.00000000001").result is Result.EXCEEDED
    assert hour_limit(converted=0.1 + 0.2, limit={**LIMIT, "value": "0.3"}).result is Result.EXCEEDED


def test_the_printed_contract_has_every_key():
    shown = hour_limit().as_json()
    assert list(shown)[:8] == [
        "rule", "version", "clause", "result", "code", "message_zh", "message_en", "values",
    ]  # fmt: skip
    assert shown["provisional"] is True
    assert shown["inputs_sha256"]


def test_every_wrong_input_is_named_at_once():
    with pytest.raises(BadInput) as caught:
        judge(
            "hj75.hour_limit",
            {
                "start": "2026-03-01",
                "code": "",
                "valid_minutes": 4.5,
                "mean": "much",
                "extra": 1,
                "limit": 35,
            },
            day=DAY,
            region="national",
        )
    assert set(caught.value.problems) == {
        "factor",
        "start",
        "unit",
        "code",
        "valid_minutes",
        "mean",
        "extra",
        "limit",
    }
    assert "not an input of hj75.hour_limit" in caught.value.problems["extra"]


def test_an_unknown_rule_and_an_unknown_region_are_told_apart_from_a_verdict():
    with pytest.raises(NotFound, match=r"known: .*hj75\.hour_limit"):
        judge("hj75.nothing", GIVEN, day=DAY, region="national")
    with pytest.raises(BadInput, match="expected one of national, shanghai"):
        hour_limit(region="atlantis")


@pytest.fixture
def tree(tmp_path):
    """A small law of its own: one document, one parameter, one rule, three regions."""
    folder = tmp_path / "standards" / "demo_2020"
    (folder / "params").mkdir(parents=True)
    (folder / "clauses.yaml").write_text(
        "document: DEMO 2020\ntitle_zh: 示例\ntitle_en: Demo\nin_force_from: 2020-01-01\nin_force_to: 2030-01-01\n"
        "clauses:\n  D-1: {clause: '1', title: 示例, status: done, text_seen: true, sureness: official, by: [demo.less]}\n"
        "  D-2: {clause: '2', title: 其他, status: exempt, text_seen: false, sureness: default, comment: not ours}\n",
        "utf-8",
    )
    (folder / "params" / "top.yaml").write_text(
        "title: 上限\nunit: mg/m3\nvalues: {2020-06-01: '100', 2025-01-01: '50'}\n"
        "cite: {2020-06-01: DEMO §1, 2025-01-01: DEMO 修改单}\n"
        "sureness: {2020-06-01: official, 2025-01-01: secondary}\nchecked_on: 2026-01-01\n",
        "utf-8",
    )
    (folder / "less.py").write_text(
        "from mingcha.core.verdicts import Level, Result\n"
        "from mingcha.rules.engine import Input, Outcome, Said, rule\n"
        "@rule(id='demo.less', title_zh='上限', title_en='Top', cite='DEMO §1', clause='D-1', params=('top',),\n"
        "      inputs=(Input('value', 'number', 'what is judged'),),\n"
        "      outcomes=(Outcome('met', Result.MET, None, '达标 {value}', 'met {value}'),\n"
        "                Outcome('over', Result.EXCEEDED, Level.GENERAL, '超标 {value}', 'over {value}')))\n"
        "def less(given, law):\n"
        "    return Said('over' if given['value'] > law['top'] else 'met', {'value': given['value']})\n",
        "utf-8",
    )
    regions = tmp_path / "regions"
    regions.mkdir()
    head = "title_zh: 某地\ntitle_en: Somewhere\n"
    (regions / "national.yaml").write_text(f"{head}parent: null\nparameters: {{}}\n", "utf-8")
    (regions / "city.yaml").write_text(
        f"{head}parent: national\nparameters:\n  demo_2020.top:\n    title: 上限\n    unit: mg/m3\n"
        "    values: {2024-01-01: '20'}\n    cite: {2024-01-01: 市标}\n    sureness: {2024-01-01: official}\n"
        "    checked_on: 2026-01-01\n",
        "utf-8",
    )
    (regions / "district.yaml").write_text(f"{head}parent: city\nparameters: {{}}\n", "utf-8")
    return tmp_path


def demo(tree, value, day, region="national"):
    registry = load_all(tree / "standards", tree / "regions")
    return judge("demo.less", {"value": value}, day=day, region=region, registry=registry)


def test_the_value_of_the_day_is_used_and_named(tree):
    assert demo(tree, "75", date(2024, 12, 31)).result is Result.MET
    after = demo(tree, "75", date(2025, 1, 1))
    assert after.result is Result.EXCEEDED
    assert after.receipt.version == "1@2025-01-01"
    assert after.receipt.parameters["demo_2020.top"]["cite"] == "DEMO 修改单"


def test_official_and_compared_with_the_text_is_binding_and_secondary_is_not(tree):
    assert not demo(tree, "75", date(2024, 12, 31)).receipt.provisional
    assert demo(tree, "75", date(2025, 1, 1)).receipt.provisional


def test_before_its_first_value_a_parameter_leaves_the_matter_unjudged(tree):
    verdict = demo(tree, "75", date(2020, 5, 31))
    assert (verdict.result, verdict.code) == (Result.NOT_JUDGED, "no_parameter")
    assert "demo_2020.top" in verdict.message_zh


@pytest.mark.parametrize("day", [date(2019, 12, 31), date(2030, 1, 1)])
def test_a_document_out_of_force_judges_nothing(tree, day):
    assert demo(tree, "75", day).code == "not_in_force"


def test_one_value_is_judged_three_ways_in_three_regions(tree):
    day = date(2024, 6, 1)
    assert demo(tree, "75", day, "national").result is Result.MET
    assert demo(tree, "75", day, "city").result is Result.EXCEEDED
    assert demo(tree, "75", day, "district").result is Result.EXCEEDED
    assert demo(tree, "75", day, "city").receipt.parameters["demo_2020.top"]["region"] == "city"
    assert "(city)" in demo(tree, "75", day, "district").receipt.why_version


def test_an_overlay_holds_only_from_its_own_date(tree):
    assert demo(tree, "75", date(2023, 12, 31), "city").result is Result.MET


def test_coverage_lists_every_clause_with_its_state(tree):
    registry = load_all(tree / "standards", tree / "regions")
    assert [(c.clause.key, c.rules) for c in coverage(registry)] == [("D-1", ("demo.less",)), ("D-2", ())]
    assert counts(registry) == {"done": 1, "todo": 0, "exempt": 1}


def test_what_is_delivered_loads_and_every_done_clause_names_something_that_exists():
    import importlib

    registry = standard_registry()
    for item in coverage(registry):
        for name in item.clause.by:
            if name in registry.rules:
                continue
            module, _, attribute = name.rpartition(".")
            found = importlib.import_module(module)
            assert hasattr(found, attribute) or importlib.import_module(name), name


def test_parameters_are_decimals_and_know_their_source():
    value = standard_registry().parameter("hj_75_2017.near_limit_share", DAY, "shanghai")
    assert value.value == Decimal("0.8")
    assert value.sureness is Sureness.DEFAULT
    with pytest.raises(NotFound, match=r"no parameter 'hj_75_2017\.nothing'"):
        standard_registry().parameter("hj_75_2017.nothing", DAY)
