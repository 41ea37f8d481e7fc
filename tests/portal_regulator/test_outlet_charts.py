"""Charts of several factors over years: what is drawn, what is never thinned away, why there is a gap."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.causes import Cause
from mingcha.core.clock import from_epoch, hour_start, to_epoch
from mingcha.core.facts import Limit, Medium, OutletFacts, Setting
from mingcha.core.spans import Span
from mingcha.flow import reading
from mingcha.flow.gaps import Gap
from mingcha.portals.shared import causes, chart_data, charts, pictures, stores
from mingcha.portals.shared.outlet import calendar
from mingcha.stats.rates import Counts

NOX, O2 = "a21002", "a19001"
START = datetime(2021, 1, 1, tzinfo=UTC)


def facts(*limits):
    settings = (
        Setting("a21002", "mg/m3"),
        Setting("a21026", "mg/m3"),
        Setting("a34013", "mg/m3"),
        Setting("a19001", "%"),
    )
    return OutletFacts("91/DA001", "厂", Medium.GAS, "shanghai", (), limits, settings)


def limit(value, start, end=None):
    return Limit(NOX, value, "mg/m3", "hour", "许可证", "表1", start, end)


def line(values, factor=NOX, flags=None, causes_=(), kind="hour"):
    size = len(values)
    times = to_epoch(START) + 3600 * np.arange(size, dtype=np.int64)
    return reading.Line(factor, kind, 3600, False, times, np.array(values, dtype=float), [""] * size,
                        list(flags or ["N"] * size), [None] * size, [1] * size, causes_)  # fmt: skip


def drawn(lines, gaps=None, **more):
    span = Span(START, from_epoch(int(lines[0].times[-1]) + 3600))
    return charts.build(more.pop("facts", facts()), lines, span, span.end, gaps=gaps or {}, **more)


def test_five_years_of_four_factors_are_at_most_four_thousand_points_and_keep_every_extreme():
    rng = np.random.default_rng(7)
    factors = ("a21002", "a21026", "a34013", "a19001")
    lines = [line(rng.random(43_800) * 50, factor) for factor in factors]
    lines[0].values[20_001] = 900.0
    chart = drawn(lines)
    assert sum(len(curve.shown) for curve in chart.curves) <= charts.POINTS
    assert chart.thinned
    for one, curve in zip(lines, chart.curves, strict=True):
        shown = one.values[list(curve.shown)]
        assert (shown.min(), shown.max()) == (one.values.min(), one.values.max())
    assert [axis.unit for axis in chart.axes] == ["mg/m³", "%"]


def test_years_in_which_the_flag_changes_every_hour_still_fit():
    flags = ["N", "C"] * 20_000
    chart = drawn([line([1.0] * 40_000, flags=flags)])
    assert len(chart.curves[0].shown) <= charts.POINTS
    assert all(len(track.items) <= 1000 for track in chart.tracks)


def test_years_with_an_hour_missing_every_day_still_fit_and_keep_their_extremes():
    values = np.random.default_rng(3).random(43_800)
    values[::24] = np.nan
    values[777] = 500.0
    chart = drawn([line(values, factor) for factor in ("a21002", "a21026", "a34013", "a19001")])
    assert sum(len(curve.shown) for curve in chart.curves) <= charts.POINTS
    assert all(777 in curve.shown for curve in chart.curves)


def test_hours_above_the_limit_are_drawn_however_long_the_span():
    values = np.full(43_800, 20.0)
    over = [5, 777, 31_415, 43_000]
    values[over] = 60.5
    chart = drawn([line(values)], facts=facts(limit(Decimal(60), date(2020, 1, 1))))
    assert list(chart.curves[0].over) == over
    assert set(over) <= set(chart.curves[0].shown)


def test_a_limit_that_changes_is_a_step_and_is_judged_by_its_days():
    limits = (limit(Decimal(100), date(2020, 1, 1), date(2021, 1, 6)), limit(Decimal(50), date(2021, 1, 6)))
    chart = drawn([line([70.0] * 240)], facts=facts(*limits))
    assert [float(step.limit.value) for step in chart.steps] == [100, 50]
    assert chart.curves[0].over[0] == 5 * 24 - 8  # the sixth of January begins at 16:00 UTC of the fifth
    assert "V" in str(pictures.draw(chart)).split('class="c-limit"')[1][:60]


def test_axes_begin_at_zero_unless_they_are_fitted():
    given = [line([100.0, 104.0, 101.0])]
    assert drawn(given).axes[0].low == 0
    fitted = drawn(given, fit=True).axes[0]
    assert 95 < fitted.low < 100 < 104 < fitted.high < 110


def test_every_cause_has_a_word_and_a_hatch():
    assert {cause.value for cause in Cause} | {""} == set(causes.every())
    assert {look.pattern for look in causes.every().values()} == set(causes.PATTERNS)


def test_gaps_that_all_factors_share_stand_behind_them_and_others_have_a_row():
    stopped = Gap(Span(START + timedelta(hours=2), START + timedelta(hours=4)), "stopped")
    broken = Gap(Span(START + timedelta(hours=6), START + timedelta(hours=7)), "fault")
    lines = [line([1.0] * 10), line([1.0] * 10, "a21026")]
    chart = drawn(lines, {NOX: [stopped, broken], "a21026": [stopped]})
    assert chart.shared == (stopped,)
    rows = {track.name: track for track in chart.tracks}
    [row] = [track for name, track in rows.items() if name.startswith("缺口")]
    assert [item.pattern for item in row.items] == ["stop", "fault"]
    sent = chart_data.as_json(chart)
    assert [gap[2:] for gap in sent["gaps"]] == [["stop", "停运"]]
    assert drawn(lines, {NOX: [stopped], "a21026": [stopped]}, hidden=frozenset({"gaps"})).shared == ()


def test_the_picture_tells_lines_apart_without_colour():
    chart = drawn([line([1.0, 2.0, 3.0], factor) for factor in ("a21002", "a21026", "a34013", "a19001")])
    picture = str(pictures.draw(chart))
    assert all(f"c-line-{n}" in picture and f"c-symbol-{n}" in picture for n in (1, 2, 3, 4))
    assert len(pictures.legend(chart)) == 4


def test_outlets_are_compared_in_per_cent_of_their_own_limits():
    parts = [
        charts.Part(name, facts(limit(Decimal(bound), date(2020, 1, 1))), line([30.0, 60.0]), [], "/e/")
        for name, bound in (("甲", 60), ("乙", 120))
    ]
    span = Span(START, START + timedelta(hours=2))
    plain = charts.compared(parts, span, span.end)
    assert plain.steps == ()  # their limits differ: none is drawn
    shares = charts.compared(parts, span, span.end, normal=True)
    assert [curve.line.values.tolist() for curve in shares.curves] == [[50, 100], [25, 50]]
    assert shares.axes[0].unit == "%"
    assert float(shares.steps[0].limit.value) == 100


@pytest.mark.parametrize(
    ("counts", "known", "future", "state"),
    [
        (Counts(24, 24, 24, 24, 24), True, False, "full"),
        (Counts(24, 24, 20, 24, 20), True, False, "invalid"),
        (Counts(24, 20, 20, 20, 20), True, False, "partial"),
        (Counts(24, 0, 0, 0, 0), True, False, "lost"),
        (Counts(), True, False, "not_due"),
        (Counts(), False, False, "none"),
        (Counts(), False, True, "future"),
    ],
)
def test_a_day_of_the_calendar_says_the_worst_about_itself(counts, known, future, state):
    assert calendar.state_of(counts, known, future) == state


# on the page


def values(region, hours=40):
    """Hours before now: one stopped, one lost to our own downtime, the others with two factors."""
    key, last = region.people.outlet.key, hour_start(region.now)
    rows = []
    for n in range(hours):
        start = last - timedelta(hours=hours - n)
        cause = {10: "stopped", 11: "own_downtime", 12: ""}.get(n, "")
        for factor, value in ((NOX, 20.0 + n), (O2, 9.0)):
            if cause:
                rows.append(HourValue(key, factor, start, HourCode.STOPPED if n == 10 else HourCode.NO_DATA, 0, None,
                                      due=n != 10, received=n == 10, cause=cause))  # fmt: skip
            else:
                first = "lost" if n == 12 else "valid"
                rows.append(
                    HourValue(key, factor, start, HourCode.NORMAL, 60, value, converted=value, first=first)
                )
    stores.telemetry().write_hours(rows, at=region.now)
    changed = HourValue(key, NOX, last - timedelta(hours=5), HourCode.NORMAL, 60, 33.0, converted=33.0)
    stores.telemetry().write_hours([changed], at=region.now + timedelta(minutes=1))
    return last - timedelta(hours=hours)


def fetched(region, as_person, query):
    return json.loads(as_person("city_regulator").get(region.outlet_url + "data/" + query).content)


def test_two_factors_have_two_axes_and_a_third_unit_is_refused_with_a_reason(region, as_person):
    values(region)
    found = fetched(region, as_person, f"?f={NOX},{O2}&k=hour&s=7d")
    assert [curve["factor"] for curve in found["curves"]] == [NOX, O2]
    assert [curve["axis"] for curve in found["curves"]] == [0, 1]
    page = as_person("city_regulator").get(region.outlet_url + f"?f={NOX}&f={O2}&k=hour")
    assert page.context["query"].factors == (NOX, O2)
    assert page.content.decode().count("c-symbol-2") >= 1


def test_gaps_revisions_and_late_hours_are_told_by_cause(region, as_person):
    values(region)
    found = fetched(region, as_person, f"?f={NOX}&k=hour&s=7d")
    words = [gap[3] for gap in found["gaps"]]
    assert "停运" in words
    assert "平台停机" in words
    names = [track["name"] for track in found["tracks"]]
    assert "修订 ◥" in names
    assert "补传 ⟳" in names
    bits = {point[4] for point in found["curves"][0]["points"]}
    assert {0, chart_data.REVISED, chart_data.LATE} <= bits
    hidden = fetched(region, as_person, f"?f={NOX}&k=hour&s=7d&hide=versions,late,gaps,flags")
    assert [track["name"] for track in hidden["tracks"]] == ["企业标记", "现场运维", "线索发现"]
    assert hidden["gaps"] == []


def test_the_gap_of_minutes_has_the_cause_of_its_hour(region, as_person):
    first = values(region, hours=8)
    gone = HourValue(
        region.people.outlet.key,
        NOX,
        first,
        HourCode.NO_DATA,
        0,
        None,
        due=True,
        received=False,
        cause="link_down",
    )
    stores.telemetry().write_hours([gone], at=region.now + timedelta(minutes=2))
    found = fetched(region, as_person, f"?f={NOX}&k=minute&s=24h")
    assert "通讯待补" in [gap[3] for gap in found["gaps"]]


def test_a_kind_is_made_coarser_where_the_span_is_too_long(region, as_person):
    page = as_person("city_regulator").get(region.outlet_url + f"?f={NOX}&k=real&s=5y")
    assert page.context["query"].kind == "hour"
    assert page.context["query"].span.length >= timedelta(days=1826)


def test_the_evidence_of_an_hour_says_what_the_rates_make_of_it(region, as_person):
    first = values(region)
    lost = to_epoch(first + timedelta(hours=11))
    text = (
        as_person("city_regulator")
        .get(region.outlet_url + f"evidence/?f={NOX}&k=hour&at={lost}")
        .content.decode()
    )
    for said in ("平台停机", "计入应收", "未收到"):
        assert said in text


def downloaded(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_downloads_have_the_columns_of_the_exchange_data_set(region, as_person):
    first = values(region)
    client = as_person("discharger_admin")
    base = (
        region.outlet_url.replace("regulator", "discharger")
        + f"download/?f={NOX}&k=hour&s=own&from=2020-01-01T00:00&to=2035-01-01T00:00"
    )
    plain = pa_csv.read_csv(io.BytesIO(downloaded(client, base + "&form=csv")))
    table = pq.read_table(io.BytesIO(downloaded(client, base + "&form=parquet")))
    assert table.column_names == [
        "outlet",
        "factor",
        "ts",
        "avg",
        "min",
        "max",
        "n",
        "flag",
        "cause",
        "versions",
    ]
    assert plain.column_names == table.column_names
    assert plain.num_rows == table.num_rows
    rows = {(row["factor"], row["ts"]): row for row in table.to_pylist()}
    local = (first + timedelta(hours=8)).replace(tzinfo=None)
    assert rows[NOX, local]["avg"] == 20.0
    assert rows[NOX + "_zs", local]["avg"] == 20.0
    assert rows[NOX, local + timedelta(hours=11)]["cause"] == "own_downtime"
    assert downloaded(client, base + "&form=xlsx")[:2] == b"PK"
    assert client.get(base + "&form=ods").status_code == 422
    assert client.get(base.replace("from=2020", "from=2040")).status_code == 422
    assert as_person("stranger_discharger_admin").get(base).status_code == 404


def test_what_was_sent_is_downloaded_as_ten_minute_values(region, as_person):
    text = downloaded(
        as_person("city_regulator"), region.outlet_url + f"download/?f={NOX}&k=minute&s=24h&form=csv"
    ).decode()
    lines = text.splitlines()
    assert lines[0] == "outlet,factor,ts,value,flag,versions"
    assert len(lines) == 1 + 30


def test_what_lies_before_the_first_datalogger_is_no_unknown_gap(region, as_person):
    values(region)
    found = fetched(region, as_person, f"?f={NOX}&k=day&s=5y")
    assert found["gaps"][0][2:] == ["none", "未联网"]
