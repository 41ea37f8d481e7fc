"""The report tab and its files: in three portals, each for its own outlets; Excel and PDF say what the page says."""

import io
import json
from datetime import date, timedelta

import openpyxl
import pytest
from django.utils import translation

from mingcha.core.aggregates import DayValue, HourCode, HourValue, MonthValue
from mingcha.core.clock import beijing_day, day_start
from mingcha.core.facts import Medium
from mingcha.flow.report_periods import Kind, period_at
from mingcha.flow.report_values import content
from mingcha.flow.reports import report
from mingcha.portals.shared import stores, words
from mingcha.portals.shared.outlet import report_files, report_sheet

NOX, O2 = "a21002", "a19001"
PORTALS = {
    "city_regulator": "regulator", "district_regulator": "regulator", "monitoring_centre": "regulator",
    "discharger_admin": "discharger", "discharger_officer": "discharger", "agency_admin": "agency", "agency_reviewer": "agency",
}  # fmt: skip


@pytest.fixture
def day(region):
    """Two days ago: hours of two factors; one calibrated, one stopped, the last four not computed; its day value."""
    key, found = region.people.outlet.key, beijing_day(region.now) - timedelta(days=2)
    start, rows = day_start(found), []
    for n in range(20):
        for factor, value in ((NOX, 40.04 + n), (O2, 9.126)):
            cause = {4: "calibration", 5: "stopped"}.get(n, "")
            code = {4: HourCode.CALIBRATION, 5: HourCode.STOPPED}.get(n, HourCode.NORMAL)
            gas = factor == NOX and not cause
            rows.append(HourValue(key, factor, start + timedelta(hours=n), code, 0 if cause else 58, None if cause else value,
                                  converted=value * 2 if gas else None, total=0.5 if gas else None, due=n != 5, cause=cause))  # fmt: skip
    store = stores.telemetry()
    store.write_hours(rows, at=region.now - timedelta(hours=1))
    store.write_days(
        [DayValue(key, NOX, start, 18, 23, None, None, 9.0, partial=True)], at=region.now - timedelta(hours=1)
    )
    return found


def tab(region, portal, query):
    return region.outlet_url.replace("regulator", portal, 1) + f"?t=reports&{query}"


def file_of(region, portal, query):
    return region.outlet_url.replace("regulator", portal, 1) + f"report/?{query}"


@pytest.mark.parametrize(("name", "portal"), PORTALS.items())
def test_every_portal_shows_the_table_of_a_day(name, portal, region, day, as_person):
    page = as_person(name).get(tab(region, portal, f"kind=day&period={day}"))
    text = page.content.decode()
    assert page.status_code == 200
    found = page.context["report"]
    assert [column.factor for column in found.columns][:1] == [NOX]
    assert found.columns[0].total == 9.0  # 18 hours of 0.5 kg
    for said in (
        "小时数据日报表",
        "无效 C",
        "C 0 校准",
        "F 0 停运",
        "N 58",
        "最大值",
        "样本数",
        "日均值",
        "18/23",
        found.digest,
    ):
        assert said in text
    assert "结果不完整" in text  # the last four hours of two factors
    assert found.missing == 4 * len(found.columns)
    assert len(page.context["lines"]) == 24


@pytest.mark.parametrize("portal", ["discharger", "agency"])
def test_strangers_see_neither_page_nor_file(portal, region, day, as_person):
    name = {"discharger": "stranger_discharger_admin", "agency": "stranger_agency_reviewer"}[portal]
    client = as_person(name)
    for url in (
        tab(region, portal, f"kind=day&period={day}"),
        file_of(region, portal, f"kind=day&period={day}&form=pdf"),
        file_of(region, portal, f"kind=day&period={day}&form=xlsx"),
    ):
        assert client.get(url).status_code == 404
    far = region.far_url.replace("regulator", portal, 1) + "report/?kind=day"
    ours = as_person({"discharger": "discharger_admin", "agency": "agency_reviewer"}[portal])
    assert ours.get(far).status_code == 404
    assert as_person("stranger_district_regulator").get(region.outlet_url + "report/").status_code == 404


def test_roles_of_other_portals_are_refused(region, as_person):
    assert as_person("discharger_admin").get(file_of(region, "regulator", "")).status_code == 403
    assert as_person("city_regulator").get(file_of(region, "agency", "")).status_code == 403
    assert as_person("").get(file_of(region, "regulator", "")).status_code == 302


def test_excel_holds_full_digits_and_shows_rounded_ones(region, day, as_person):
    answer = as_person("discharger_admin").get(
        file_of(region, "discharger", f"kind=day&period={day}&form=xlsx")
    )
    assert answer.status_code == 200
    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == sheet.title == "小时数据日报表"
    assert rows[1][:2] == ["排污单位", region.people.outlet.discharger.name]
    assert rows[2][:2] == ["排放口", "DA001 总排口"]
    assert rows[3][1].startswith(str(day))
    top = next(n for n, row in enumerate(rows) if row[0] == "时段" and n > 4)
    assert rows[top][1] == words.factor_name(NOX)
    assert rows[top + 1][1:5] == ["实测 mg/m³", "折算 mg/m³", "排放量 kg", "状态·有效分"]
    first, fifth = rows[top + 2], rows[top + 6]
    assert first[:5] == ["00:00", 40.04, 80.08, 0.5, "N 58"]
    assert fifth[1] == "无效 C"
    assert sheet.cell(top + 3, 2).number_format == "0.0"
    foot = {row[0]: row for row in rows[top + 26 :]}
    assert foot["最大值"][1:3] == [59.04, 118.08]
    assert foot["合计"][3] == 9.0
    assert foot["样本数"][1] == 18
    assert foot["日均值"][1] == "无效"
    assert any(row[0] and row[0].startswith("内容 SHA-256 ") for row in rows)
    assert any(row[0] and "截至" in row[0] and "discharger_admin" in row[0] for row in rows)
    assert sheet.page_setup.orientation == "landscape"
    assert int(sheet.page_setup.paperSize) == 9
    assert sheet.print_title_rows == f"${top + 1}:${top + 2}"
    assert "&P" in sheet.oddFooter.right.text


def test_a_value_above_its_limit_is_marked_even_where_rounding_hides_it(region, day, as_person):
    page = as_person("city_regulator").get(tab(region, "regulator", f"kind=day&period={day}"))
    column = page.context["report"].columns[0]
    [bound] = column.limits
    assert column.judged == 18
    value = float(bound.value) + 0.004
    key, start = region.people.outlet.key, day_start(day)
    stores.telemetry().write_hours(
        [HourValue(key, NOX, start, HourCode.NORMAL, 60, value, converted=value, total=0.5)], at=region.now
    )
    again = as_person("city_regulator").get(tab(region, "regulator", f"kind=day&period={day}"))
    assert again.context["report"].columns[0].over == column.over == 18
    assert f"{value:.3f} ▲" in again.content.decode()
    file = as_person("city_regulator").get(file_of(region, "regulator", f"kind=day&period={day}&form=xlsx"))
    cells = [c for row in openpyxl.load_workbook(io.BytesIO(file.content)).active.iter_rows() for c in row]
    assert any(c.value == value and c.number_format == '0.000" ▲"' and c.font.b for c in cells)


def test_the_pdf_is_one_and_its_source_holds_the_table_and_the_digest(region, day, as_person):
    answer = as_person("agency_reviewer").get(file_of(region, "agency", f"kind=day&period={day}&form=pdf"))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert str(day) in answer["Content-Disposition"]
    page = as_person("agency_reviewer").get(tab(region, "agency", f"kind=day&period={day}"))
    sheet, digest = page.context["sheet"], page.context["report"].digest
    data = report_files.data_of(sheet, "生成", digest)
    [table] = data["tables"]
    assert [line["name"] for line in table["lines"]] == [f"{n:02d}:00" for n in range(24)]
    assert table["lines"][0]["boxes"][0]["text"] == "40.0"
    assert data["digest"] == digest
    assert (
        digest.encode() in answer.content
        or digest.encode("utf-16-be").hex().encode() in answer.content.lower()
    )
    pages = report_files.as_pictures(sheet, "生成", digest, ppi=30)
    assert len(pages) == 1
    assert pages[0].startswith(b"\x89PNG")


def test_many_factors_are_several_tables_and_none_is_cut():
    groups = tuple(
        report_sheet.Group(str(n), str(n), tuple(report_sheet.Part(p, p, "", 1, p) for p in "abcd"[: 2 + n % 3]))
        for n in range(11)
    )  # fmt: skip
    found = report_files.chunks(groups)
    assert [group for _, part in found for group in part] == list(groups)
    assert all(sum(len(g.parts) for g in part) <= report_files.COLUMNS_A_TABLE for _, part in found)
    places = [sum(len(g.parts) for g in groups[: groups.index(part[0])]) for _, part in found]
    assert [first for first, _ in found] == places


@pytest.mark.parametrize("kind", ["month", "quarter", "year"])
@pytest.mark.parametrize("form", ["xlsx", "pdf"])
def test_longer_reports_open_as_page_and_file(kind, form, region, day, as_person):
    key = region.people.outlet.key
    month = day_start(day.replace(day=1))
    stores.telemetry().write_months([MonthValue(key, NOX, month, 25, 28, 40.0, 80.0, 123.456)], at=region.now)
    period = period_at(Kind(kind), day)
    client = as_person("city_regulator")
    page = client.get(tab(region, "regulator", f"kind={kind}&period={period.text}"))
    assert page.status_code == 200
    assert len(page.context["lines"]) == len(period.rows())
    if kind == "month":
        status = (
            page.context["sheet"].lines[day.day - 1].boxes[-1 + len(page.context["sheet"].groups[0].parts)]
        )
        assert status.text == "18/23 C1 F1 校准"  # the hours of that day that are not valid, and why
    assert {"month": "月均值", "quarter": "25/28", "year": "123.456"}[kind] in page.content.decode()
    answer = client.get(file_of(region, "regulator", f"kind={kind}&period={period.text}&form={form}"))
    assert answer.content[:2] == {"xlsx": b"PK", "pdf": b"%P"}[form]


def test_a_report_without_values_says_why(region, day, as_person):
    client = as_person("city_regulator")
    for query, said in (
        ("kind=year&period=2001", "还没有联网"),
        ("kind=year&period=2099", "还没有到"),
        (f"kind=day&period={day}&asof={day}T00:00", "请改晚截至时间"),
    ):
        page = client.get(tab(region, "regulator", query))
        assert page.status_code == 200
        assert "这个时段没有报表" in page.content.decode()
        assert said in page.content.decode()
        assert "&amp;form=pdf" not in page.content.decode()


def test_what_is_no_report_is_said(region, day, as_person):
    client = as_person("city_regulator")
    page = client.get(tab(region, "regulator", "kind=month&period=2026-13")).content.decode()
    assert "“2026-13”不是这种报表的时段。请写成 2026-11 的样子。" in page
    assert "下面是" in page
    for query, said in (
        ("kind=week", "没有报表“week”"),
        ("form=doc", "没有格式“doc”"),
        ("kind=day&period=gestern", "2026-11-23"),
        ("asof=gestern", "不是时间"),
    ):
        answer = client.get(file_of(region, "regulator", query))
        assert answer.status_code == 422
        assert said in answer.content.decode()


def test_the_page_as_known_then_and_today_differ_by_their_digest(region, day, as_person):
    client, base = as_person("city_regulator"), f"kind=day&period={day}"
    before = client.get(tab(region, "regulator", base)).context["report"]
    key = region.people.outlet.key
    stores.telemetry().write_hours(
        [HourValue(key, NOX, day_start(day), HourCode.NORMAL, 60, 1.0)], at=region.now + timedelta(days=1)
    )
    asof = f"{words.table_time(region.now).replace(' ', 'T')}"
    after = client.get(tab(region, "regulator", base)).context["report"]
    then = client.get(tab(region, "regulator", f"{base}&asof={asof}")).context["report"]
    assert then.digest == before.digest != after.digest


def test_state_of_today_is_not_over(region, as_person):
    page = as_person("city_regulator").get(
        tab(region, "regulator", f"kind=day&period={beijing_day(region.now)}")
    )
    assert "未结束" in page.content.decode()
    assert "进行中" in page.content.decode()


def test_an_english_page_has_no_chinese_word_of_ours(region, day, as_person):
    client = as_person("city_regulator")
    text = client.get(
        tab(region, "regulator", f"kind=day&period={day}"), headers={"accept-language": "en"}
    ).content.decode()
    assert "Daily report of hours" in text
    assert "Day mean" in text


def test_the_notes_of_water_are_its_own(region, day):
    facts = stores_facts(region)
    found = report(stores.telemetry(), facts, period_at(Kind.DAY, day), region.now)
    with translation.override("zh-hans"):
        laid = report_sheet.sheet(found, facts, "乙厂", "总排口")
    assert facts.medium is Medium.WATER
    assert any("按流量加权" in note for note in laid.notes)
    assert not any("干基" in note for note in laid.notes)
    assert json.dumps(content(found))


def stores_facts(region):
    from mingcha.apps.registry import selectors

    return selectors.outlet_facts(region.people.stranger_outlet.key, date(2026, 1, 1))
