"""Readings to clues, and clues merged, on the real store."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests.flow.outlets_of_flow import DAY, HOUR, TEN, facts, packet

from mingcha.core.clues import Clue
from mingcha.core.spans import Span
from mingcha.core.verdicts import Level
from mingcha.flow import merge_clues, screen
from mingcha.screening import load_detectors
from mingcha.store.telemetry import Telemetry

WEEK = 7 * 144


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A week of a stack whose SO2 analyser stands still for five hours on the sixth day."""
    rng = np.random.default_rng(5)
    so2 = np.round(rng.normal(20, 2, WEEK), 1)
    so2[800:830] = so2[800]
    velocity, o2 = np.round(rng.normal(11, 0.6, WEEK), 2), np.round(rng.normal(8, 0.3, WEEK), 2)
    packets = [
        packet(
            DAY + n * TEN,
            {"a21026": so2[n], "a19001": o2[n], "a01011": velocity[n]},
            flags={"a21026": "M" if 300 <= n < 340 else "N"},
        )
        for n in range(WEEK)
    ]
    made = Telemetry(tmp_path_factory.mktemp("screen") / "readings.sqlite3")
    made.write(packets, position=None)
    return made


def outlet():
    return facts(factors=("a21026", "a19001", "a01011"))


def test_a_clue_of_the_span_is_found_with_the_outlets_own_past_as_history(store):
    [clue] = screen(store, outlet(), Span(DAY + 800 * TEN, DAY + 830 * TEN))
    assert (clue.factor, clue.start, clue.end) == ("a21026", DAY + 800 * TEN, DAY + 830 * TEN)
    assert clue.stats["stay_probability"] < 0.1


def test_a_span_without_it_has_no_clue(store):
    assert screen(store, outlet(), Span(DAY, DAY + 700 * TEN)) == []
    assert screen(store, outlet(), Span(DAY + 830 * TEN, DAY + 1000 * TEN)) == []


def test_a_clue_that_began_earlier_keeps_its_own_start(store):
    [clue] = screen(store, outlet(), Span(DAY + 820 * TEN, DAY + 840 * TEN))
    assert clue.start == DAY + 800 * TEN


def test_an_outlet_without_readings_has_no_clue(store):
    silent = replace(outlet(), points=())
    assert screen(store, silent, Span(DAY, DAY + 24 * HOUR)) == []


def test_what_had_not_been_received_yet_is_not_seen(store):
    span = Span(DAY + 800 * TEN, DAY + 830 * TEN)
    assert screen(store, outlet(), span, as_of=DAY + 805 * TEN) == []


def test_another_set_of_detectors_can_be_run(store, tmp_path):
    assert load_detectors(tmp_path) == {}
    assert screen(store, outlet(), Span(DAY, DAY + 900 * TEN), detectors={}) == []


def clue(start, hours, *, detector="S1", score=1.0, factor="a21026", outlet_key="A/DA001"):
    return Clue(
        outlet_key, factor, DAY + start * HOUR, DAY + (start + hours) * HOUR, detector, "1", score, Level.GENERAL,
        "malfunction", f"{detector} 线索", f"{detector} clue", inputs_sha256=f"{detector}{start}",
    )  # fmt: skip


def test_hits_a_day_or_less_apart_are_one_clue_and_later_ones_another():
    found = merge_clues([clue(0, 2), clue(26, 2), clue(53, 2)])
    assert [(c.start, c.end) for c in found] == [(DAY, DAY + 28 * HOUR), (DAY + 53 * HOUR, DAY + 55 * HOUR)]
    assert len(found[0].stats["merged"]) == 2


def test_a_second_detector_adds_half_its_score_and_the_same_one_nothing():
    assert merge_clues([clue(0, 2, score=1.0), clue(1, 2, score=0.8)])[0].score == 1.0
    both = merge_clues([clue(0, 2, score=1.0), clue(1, 2, detector="D5", score=0.8)])
    assert both[0].score == pytest.approx(1.4)
    assert both[0].detector == "S1"
    assert "D5 线索" in both[0].sentence_zh


def test_a_negative_second_score_takes_nothing_away():
    assert merge_clues([clue(0, 2, score=1.0), clue(1, 2, detector="D5", score=-0.8)])[0].score == 1.0


def test_clues_of_other_outlets_and_factors_are_kept_apart_or_named_apart():
    assert len(merge_clues([clue(0, 2), clue(0, 2, outlet_key="B/DA001")])) == 2
    [mixed] = merge_clues([clue(0, 2), clue(1, 2, factor="a21002", score=0.5)])
    assert mixed.factor is None
    assert {part["factor"] for part in mixed.stats["merged"]} == {"a21026", "a21002"}


def test_a_long_hit_reaches_over_a_short_one_inside_it():
    found = merge_clues([clue(0, 40), clue(1, 1), clue(60, 1)], gap=timedelta(hours=24))
    assert len(found) == 1
