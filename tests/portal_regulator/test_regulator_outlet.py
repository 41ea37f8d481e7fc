"""The outlet page: chart, table, evidence down to the bytes, export; read by three portals."""

import io
import json
import zipfile
from datetime import timedelta
from urllib.parse import quote

import pytest

from mingcha.core.clock import beijing, to_epoch


def query(region, kind="hour", **more):
    extra = "".join(f"&{name}={quote(str(value))}" for name, value in more.items())
    return f"?f=a21002&k={kind}{extra}"


def test_the_page_reads_without_script(region, as_person):
    page = as_person("city_regulator").get(region.outlet_url + query(region))
    text = page.content.decode()
    assert page.status_code == 200
    assert "<svg viewBox" in text
    assert "c-limit" in text
    assert "排污许可证 表1" in text  # the limit names its source
    assert "<table" in text
    assert "▲" in text  # the hour above its limit
    assert "（折算）" in text


@pytest.mark.parametrize("kind", ["real", "minute", "hour", "day", "month"])
@pytest.mark.parametrize("view", ["chart", "table"])
def test_every_resolution_opens(kind, view, region, as_person):
    page = as_person("city_regulator").get(region.outlet_url + query(region, kind, view=view))
    assert page.status_code == 200


@pytest.mark.parametrize("part", ["calendar", "revisions", "om", "findings", "file"])
def test_every_tab_opens(part, region, as_person):
    assert as_person("city_regulator").get(region.outlet_url + f"?t={part}").status_code == 200


@pytest.mark.parametrize("name", ["discharger_admin", "agency_reviewer"])
def test_discharger_and_agency_read_the_same_page_in_their_portal(name, region, as_person):
    portal = name.partition("_")[0]
    url = region.outlet_url.replace("regulator", portal)
    assert as_person(name).get(url + query(region)).status_code == 200
    assert (
        as_person(name).get(url + "evidence/" + query(region, "minute", at=to_epoch(region.over))).status_code
        == 200
    )
    assert as_person(f"stranger_{name}").get(url).status_code == 404


def data(region, as_person, kind):
    response = as_person("city_regulator").get(region.outlet_url + "data/" + query(region, kind))
    return json.loads(response.content)


def test_gaps_are_told_and_never_joined(region, as_person):
    found = data(region, as_person, "minute")
    gap = region.first + timedelta(hours=4)
    shifted = (to_epoch(gap) + 8 * 3600) * 1000
    assert [shifted, shifted + 3_600_000] in [gap[:2] for gap in found["gaps"]]
    picture = as_person("city_regulator").get(region.outlet_url + query(region, "minute")).content.decode()
    line = picture.split('class="c-line c-line-1" d="')[1].split('"')[0]
    assert line.count("M") >= 2  # the pen is lifted over the gap


def test_the_exceeding_hour_is_marked_and_single_readings_are_not(region, as_person):
    hours, minutes = data(region, as_person, "hour"), data(region, as_person, "minute")
    assert [round(value) for _, value in hours["curves"][0]["over"]] == [
        150
    ]  # 120 mg/m3 at 9 % oxygen, 6 % reference
    assert minutes["curves"][0]["over"] == []
    assert hours["curves"][0]["steps"][0]["value"] == 50


def test_the_evidence_of_a_point_is_its_frame(region, as_person):
    client = as_person("city_regulator")
    url = region.outlet_url + "evidence/" + query(region, "minute", at=to_epoch(region.over))
    whole, drawer = client.get(url).content.decode(), client.get(url, HTTP_HX_REQUEST="true").content.decode()
    assert "<html" in whole
    assert "<html" not in drawer
    for text in (whole, drawer):
        assert str(region.ref) in text
        assert "已核验" in text
        assert "120.0" in text
        assert "654321" not in text


def test_the_evidence_of_an_hour_tells_versions_and_the_receipt(region, as_person):
    url = region.outlet_url + "evidence/" + query(region, "hour", at=to_epoch(region.over))
    text = as_person("city_regulator").get(url).content.decode()
    assert "计算值的版本" in text
    assert "hj75.hour_limit" in text
    assert "查看组成它的值" in text
    assert region.finding.number in text


@pytest.mark.parametrize("at", ["", "x", "12345", "99999999999999"])
def test_a_point_that_is_not_there_is_a_404(at, region, as_person):
    response = as_person("city_regulator").get(region.outlet_url + f"evidence/?f=a21002&k=minute&at={at}")
    assert response.status_code == 404


def test_a_span_that_ends_before_it_starts_is_said_beside_the_field(region, as_person):
    url = region.outlet_url + query(region) + "&s=own&from=2026-01-02T00:00&to=2026-01-01T00:00"
    page = as_person("city_regulator").get(url)
    text = page.content.decode()
    assert page.status_code == 422
    assert "不晚于起" in text
    assert 'value="2026-01-01T00:00"' in text  # what was typed is kept
    too_long = url.replace("from=2026-01-02", "from=2015-01-02")
    assert "最多看 1900 天" in as_person("city_regulator").get(too_long).content.decode()
    no_time = as_person("city_regulator").get(url.replace("2026-01-02T00:00", "yesterday"))
    assert "不是时间" in no_time.content.decode()


def test_as_of_before_anything_was_received_shows_nothing(region, as_person):
    early = beijing(region.first - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    page = as_person("city_regulator").get(region.outlet_url + query(region, "minute", asof=early))
    assert page.status_code == 200
    assert len(page.context["chart"].line) == 0


def test_export_holds_the_whole_filter(region, as_person):
    client = as_person("city_regulator")
    csv = client.get(region.outlet_url + "export/" + query(region, "minute", form="csv")).content.decode(
        "utf-8-sig"
    )
    assert len(csv.splitlines()) == 1 + 30
    assert csv.splitlines()[0].startswith("时间,因子")
    assert str(region.ref) in csv
    book = client.get(region.outlet_url + "export/" + query(region, "minute", form="xlsx"))
    with zipfile.ZipFile(io.BytesIO(book.content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert sheet.count("<row ") == 31
        assert "排污许可证" in archive.read("xl/sharedStrings.xml").decode()
