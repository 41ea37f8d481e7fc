"""Record forms: forty files, one engine."""

import json
from datetime import UTC, datetime

import pytest
import yaml
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from mingcha.apps.maintenance.forms import Form, form_check, form_get, form_list
from mingcha.apps.maintenance.forms.sheets import FOLDER, load
from mingcha.core.errors import BadRule, NotFound

FORMS = form_list()
PHOTO = "0" * 64


def golden(form: Form) -> dict[str, object]:
    """A complete record made from the form itself."""
    return _made(form.fields)


def _made(fields):
    values = {field.key: _value(field) for field in fields if not field.given}
    for field in fields:
        for rule in field.rules:
            if rule.kind == "after":
                values[field.key] = _later(values[rule.other])
    return values


def _value(field):
    made = {
        "text": "文字", "longtext": "一段不少于二十个字的说明，写明发生了什么、怎么处理的。", "integer": 12, "decimal": "12.50",
        "boolean": True, "date": "2026-11-23", "datetime": "2026-11-23T09:00", "ref": "R1", "ref_list": ["R1", "R2"],
        "photo": PHOTO, "file": PHOTO, "photo_list": [PHOTO, "1" * 64], "file_list": [PHOTO], "signature": "张三", "auto": "1",
    }  # fmt: skip
    if field.type == "choice":
        return field.choices[0]
    if field.type == "multi_choice":
        return list(field.choices[:2])
    if field.type == "table":
        return [_made(field.columns)]
    for rule in field.rules:
        if rule.kind == "range":
            return str((rule.low + rule.high) / 2)
    return made[field.type]


def _later(value):
    return {"2026-11-23T09:00": "2026-11-23T10:00", "2026-11-23": "2026-11-24", "12.50": "13"}[value]


def test_there_are_forty_forms():
    assert len(FORMS) == 40
    assert all(form.provenance for form in FORMS)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_a_complete_record_has_no_problem(form):
    values, problems, judgements = form_check(form, golden(form), at=datetime(2026, 11, 24, tzinfo=UTC))
    assert problems == {}
    assert json.loads(json.dumps(values)) == values
    assert json.loads(json.dumps(judgements)) == judgements


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_clean_values_are_clean_again(form):
    once = form_check(form, golden(form)).values
    again = form_check(form, once)
    assert again.problems == {}
    assert again.values == once


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_an_empty_draft_is_fine_and_an_empty_record_names_every_required_field(form):
    assert form_check(form, {}, partial=True).problems == {}
    required = {field.key for field in form.fields if field.required and not field.given}
    assert set(form_check(form, {}).problems) == required


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_each_required_field_left_out_is_the_one_problem(form):
    for field in form.fields:
        if field.required and not field.given:
            values = {key: value for key, value in golden(form).items() if key != field.key}
            assert set(form_check(form, values).problems) >= {field.key}


def test_drift_is_computed_and_never_typed():
    form = form_get("gas_drift_calibration")
    values = golden(form)
    row = values["rows"][0] | {
        "range": "200", "zero_prev": "0.5", "zero_before": "1.5", "span_prev": "180", "span_before": "175", "zero_drift": "99",
    }  # fmt: skip
    clean, problems, judgements = form_check(form, values | {"rows": [row]})
    assert problems == {}
    assert clean["rows"][0]["zero_drift"] == "0.5"
    assert clean["rows"][0]["span_drift"] == "-2.5"
    assert [(j["field"], j["result"]) for j in judgements] == [
        ("rows.0.zero_drift", "computed"), ("rows.0.span_drift", "computed"),
    ]  # fmt: skip


def test_a_range_of_zero_is_said_and_not_computed():
    form = form_get("gas_drift_calibration")
    row = {"range": "0", "zero_prev": "0", "zero_before": "1"}
    checked = form_check(form, {"rows": [row]}, partial=True)
    assert "zero_drift" not in checked.values["rows"][0]
    assert checked.judgements[0]["result"] == "not_judged"
    assert "量程" in checked.judgements[0]["message_zh"]


@pytest.mark.parametrize(
    ("measured", "met"), [("11", True), ("11.00000001", False), ("9", True), ("8.9999", False)]
)
def test_a_standard_check_is_qualified_within_ten_percent_on_the_whole_value(measured, met):
    form = form_get("ww_standard_check_calibration")
    row = {"standard_value": "10", "measured": measured, "qualified": not met}
    checked = form_check(form, {"checks": [row]}, partial=True)
    assert checked.values["checks"][0]["qualified"] is met
    assert [j["result"] for j in checked.judgements] == ["computed", "met" if met else "exceeded"]


def test_a_failed_comparison_is_judged_and_not_refused():
    form = form_get("ww_flow_comparison")
    levels = [{"no": "1", "device": "100", "meter": "113", "error": "13"}]
    checked = form_check(form, golden(form) | {"levels": levels})
    assert checked.problems == {}
    assert {"levels.0.error": "exceeded"}.items() <= {
        j["field"]: j["result"] for j in checked.judgements
    }.items()


def test_the_end_before_the_start_says_what_is_right_and_what_to_do():
    form = form_get("gas_drift_calibration")
    given_values = {"cal_start": "2026-11-23T09:32", "cal_end": "2026-11-23T09:10"}
    assert form_check(form, given_values, partial=True).problems == {
        "cal_end": "校准结束时间 2026-11-23 09:10 早于或等于校准开始时间 2026-11-23 09:32。校准结束时间应更晚。请改校准结束时间。"
    }
    with translation.override("en"):
        sentence = form_check(form, given_values, partial=True).problems["cal_end"]
    assert (
        sentence
        == "Calibration end 2026-11-23 09:10 is not after Calibration start 2026-11-23 09:32. It must be later. Correct it."
    )


def test_an_abnormal_item_asks_how_it_was_handled():
    form = form_get("gas_patrol_extractive")
    values = golden(form) | {"e_log_review": "abnormal"}
    del values["abnormal_handling"]
    assert set(form_check(form, values).problems) == {"abnormal_handling"}
    assert form_check(form, values | {"e_log_review": "normal"}).problems == {}


def test_a_rejection_asks_for_its_reason():
    form = form_get("discharger_confirmation")
    values = golden(form) | {"decision": "rejected"}
    del values["reject_reason"]
    assert set(form_check(form, values).problems) == {"reject_reason"}


@pytest.mark.parametrize(
    ("form_id", "field", "value"),
    [
        ("gas_drift_calibration", "cal_start", "2026-02-30 10:00"),
        ("gas_drift_calibration", "cal_start", "soon"),
        ("gas_patrol_extractive", "patrol_date", "23/11/2026"),
        ("gas_patrol_extractive", "e_log_review", "fine"),
        ("gas_patrol_extractive", "station_photos", ["not a digest"]),
        ("gas_patrol_extractive", "station_photos", [PHOTO] * 101),
        ("gas_patrol_extractive", "remark", "长" * 1001),
        ("gas_patrol_extractive", "photos", [f"{n:064x}" for n in range(10)]),
        ("gas_patrol_extractive", "gas_cems_maker", "x" * 201),
        ("gas_patrol_extractive", "gas_cems_maker", "a\x00b"),
        ("gas_patrol_extractive", "gas_cems_maker", {"a": 1}),
        ("gas_drift_calibration", "rows", "rows"),
        ("gas_drift_calibration", "rows", [1, 2]),
        ("gas_drift_calibration", "rows", [{"range": "1"}] * 201),
        ("gas_drift_calibration", "rows", [{"colour": "red"}]),
        ("facility_basic_information", "baseline_o2", "21.1"),
        ("facility_basic_information", "stack_height", "0"),
        ("ww_parameter_setting", "correlation", "1.01"),
        ("data_consistency_check", "clock_offset", "1.5"),
        ("data_consistency_check", "clock_offset", True),
        ("no_such", "", ""),
    ],
)
def test_bad_values_are_named_in_both_languages(form_id, field, value):
    if form_id == "no_such":
        with pytest.raises(NotFound, match="40"):
            form_get(form_id)
        return
    form = form_get(form_id)
    for language in ("zh-hans", "en"):
        with translation.override(language):
            problems = form_check(form, golden(form) | {field: value}).problems
        assert [key.split(".")[0] for key in problems][:1] == [field], problems
        assert all(sentence for sentence in problems.values())


@pytest.mark.parametrize("text", ["1e5", "NaN", "inf", "1_000", "١٢", "--1", "1.", ".5", "1,5", "0x1"])
def test_numbers_are_plain_decimals(text):
    assert "range" in next(
        iter(
            form_check(form_get("gas_drift_calibration"), {"rows": [{"range": text}]}, partial=True).problems
        )
    )


def test_digits_typed_are_kept():
    checked = form_check(form_get("gas_drift_calibration"), {"rows": [{"range": "12.500"}]}, partial=True)
    assert checked.values["rows"][0]["range"] == "12.500"


def test_an_unknown_field_is_refused_not_lost():
    problems = form_check(form_get("gas_repair"), {"colour": "red"}, partial=True).problems
    assert "表单没有“colour”这一项" in problems["colour"]


@given(st.dictionaries(st.sampled_from([f.key for f in form_get("gas_drift_calibration").fields]) | st.text(max_size=8),
                       st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["range", "zero_prev", "analyser", "x"]), inner, max_size=4),
                                    max_leaves=12), max_size=8))  # fmt: skip
def test_whatever_is_sent_gives_values_and_sentences_and_never_an_error(values):
    clean, problems, judgements = form_check(form_get("gas_drift_calibration"), values)
    assert all(isinstance(sentence, str) and sentence for sentence in problems.values())
    json.dumps([clean, judgements], allow_nan=False)


# Broken files


def broken(tmp_path, change) -> str:
    data = yaml.safe_load((FOLDER / "gas_drift_calibration.yaml").read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / "gas_drift_calibration.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadRule) as caught:
        load([path])
    return str(caught.value)


def field_of(data, key):
    return next(field for field in data["fields"] if field["key"] == key)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("title_zh"), ["title_zh missing", "add"]),
        (lambda d: d.update(id="other"), ["id is 'other'", "gas_drift_calibration"]),
        (lambda d: d.update(medium="air"), ["medium is 'air'", "waste_gas"]),
        (lambda d: d.update(fields=[]), ["fields missing"]),
        (lambda d: d["fields"].append(d["fields"][0]), ["visit_id occurs twice"]),
        (lambda d: field_of(d, "cal_end").update(type="time"), ["cal_end.type", "'time'", "datetime"]),
        (lambda d: field_of(d, "cal_end").update(required="yes please"), ["cal_end.required", "true or false"]),
        (lambda d: field_of(d, "cal_end").update(validation="> cal_begin"), ["cal_end.validation", "cal_begin", "sibling"]),
        (lambda d: field_of(d, "cal_end").update(type="choice", choices=[True]), ["cal_end.choices", "quote"]),
        (lambda d: field_of(d, "cal_end").update(columns=[]), ["cal_end.columns"]),
        (lambda d: field_of(d, "rows").pop("columns"), ["rows.columns"]),
        (lambda d: field_of(d, "rows")["columns"][7].update(validation="computed=zero_before-"), ["zero_drift.validation", "expected a number"]),
        (lambda d: field_of(d, "rows")["columns"][7].update(validation="computed=a-b"), ["zero_drift.validation", "no field a, b"]),
        (lambda d: field_of(d, "remark").update(validation="required when broken"), ["remark.validation", "0 fields offer 'broken'"]),
    ],
)  # fmt: skip
def test_a_broken_form_names_file_key_and_remedy(tmp_path, change, words):
    message = broken(tmp_path, change)
    assert "gas_drift_calibration.yaml" in message
    for word in words:
        assert word in message


def test_a_form_that_is_no_mapping_is_said(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("- 1\n", encoding="utf-8")
    with pytest.raises(BadRule, match="holds no form"):
        load([path])
