"""Times, deadlines and numbers read as ui.md §4 and §6 ask."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from mingcha.core.clock import BEIJING
from mingcha.portals.shared import badges, words


@pytest.fixture(autouse=True)
def _chinese():
    with override("zh-hans"):
        yield


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def test_the_end_of_a_day_is_24_00_of_that_day():
    assert words.sentence_time(at("2026-11-24T00:00")) == "11月23日 24:00"
    assert words.sentence_time(at("2026-11-23T14:05")) == "11月23日14:05"


def test_spans_name_the_later_day_only_where_it_differs():
    assert words.span_text(at("2026-11-23T02:00"), at("2026-11-23T05:00")) == "2026-11-23 02:00 至 05:00"
    assert words.span_text(at("2026-11-23T02:00"), at("2026-11-24T00:00")) == "2026-11-23 02:00 至 24:00"
    assert (
        words.span_text(at("2026-11-23T22:00"), at("2026-11-24T05:00"))
        == "2026-11-23 22:00 至 2026-11-24 05:00"
    )


@pytest.mark.parametrize(
    ("due", "now", "counted", "text", "tone"),
    [
        ("2026-11-24T00:00", "2026-11-23T20:40", (), "剩 3 小时 20 分", "suspicion"),
        ("2026-11-26T00:00", "2026-11-23T09:00", ("2026-11-24", "2026-11-25"), "剩 2 个工作日", "notice"),
        ("2026-11-26T00:00", "2026-11-23T09:00", (), "剩 2 天 15 小时", "notice"),
        ("2026-11-24T01:00", "2026-11-23T23:30", (), "剩 1 小时 30 分", "suspicion"),
        ("2026-11-22T00:00", "2026-11-23T00:00", (), "逾期 1 天", "breach"),
    ],
)
def test_deadline_chips(due, now, counted, text, tone):
    chip = words.deadline(at(due), at(now), counted_days=counted)
    assert (chip.text, chip.tone) == (text, tone)


def test_what_was_met_says_whether_in_time():
    due = at("2026-11-23T12:00")
    assert words.deadline(due, due, met=due).text == "按期完成"
    assert words.deadline(due, due, met=due + timedelta(hours=3)).text == "逾期 3 小时完成"


@pytest.mark.parametrize(
    ("value", "factor", "text"),
    [(41.25, "a21002", "41.2"), (6.414, "a19001", "6.41"), (9999.4, "a00000", "9999"), (14956.2, "a00000", "14,956"),
     (0.0, "a21002", "0.0"), (7.126, "w01001", "7.13")],
)  # fmt: skip
def test_digits_by_factor(value, factor, text):
    assert words.number_text(value, words.factor_digits(factor)) == text


def test_rounding_never_hides_that_a_value_is_over_its_limit():
    assert words.number_text(100.04, 1, 100) == "100.04"
    assert words.number_text(100.0, 1, 100) == "100.0"


@given(st.decimals(0, 10_000, places=4), st.decimals(0, 10_000, places=4))
def test_over_the_limit_is_always_to_be_seen(value, limit):
    shown = Decimal(words.number_text(value, 1, limit).replace(",", ""))
    assert (shown > limit) == (value > limit) or value <= limit


def test_silences_differ():
    said = [words.silence(code) for code in ("F", "", "C", "not_judged")]
    assert said == ["停", "缺", "无效 C", "未判"]


@pytest.mark.parametrize(
    ("unit", "text"), [("mg/m3", "mg/m³"), ("degC", "°C"), ("1", ""), ("mg/L", "mg/L"), ("%", "%")]
)
def test_units_are_written_properly(unit, text):
    assert words.unit_text(unit) == text


def test_rates_carry_their_counts():
    assert words.rate_text(2078, 2160) == "96.2%(2078/2160)"
    assert words.rate_text(0, 0) == "—"


def test_every_badge_has_a_shape_a_tone_and_a_word():
    for kind, table in badges.BADGES.items():
        for state, badge in table.items():
            assert badge.shape in badges.SHAPES, (kind, state)
            assert badge.tone in badges.TONES, (kind, state)
            assert badge.word, (kind, state)


def test_every_state_of_the_life_cycles_has_a_badge():
    from mingcha.apps.cases.models import Case
    from mingcha.apps.duties.models import Duty
    from mingcha.apps.findings.models import Finding
    from mingcha.apps.maintenance.models import Task, Visit
    from mingcha.apps.marking.models import Mark
    from mingcha.apps.registry.models import Outlet

    cycles = {"finding": Finding, "case": Case, "duty": Duty, "task": Task, "visit": Visit, "mark": Mark}
    for kind, model in cycles.items():
        assert set(model.STATES) <= set(badges.BADGES[kind]), kind
    assert set(Outlet.State.values) <= set(badges.BADGES["facility"])
    assert set(Finding.Level.values) <= set(badges.BADGES["level"])


def test_an_unknown_badge_says_what_exists():
    with pytest.raises(KeyError, match="states: open, assigned, closed"):
        badges.badge("case", "lost")


def test_relative_time_reads_like_speech():
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert words.ago_text(now - timedelta(seconds=20), now) == "刚刚"
    assert words.ago_text(now - timedelta(minutes=5), now) == "5 分前"
