"""Rates, the calendar, comparison and revisions: in three portals, each for its own outlets."""

from datetime import timedelta

import pytest

from mingcha.core.aggregates import HourCode, HourValue
from mingcha.core.clock import beijing_day, day_start
from mingcha.core.spans import Span
from mingcha.portals.shared import stores
from mingcha.portals.shared.rates.table import percent

NOX = "a21002"
PORTALS = {"city_regulator": "regulator", "discharger_admin": "discharger", "agency_reviewer": "agency"}


@pytest.fixture
def counted(region):
    """Ten hours of yesterday: seven valid, one lost to our own downtime, one calibrated, one stopped."""
    key = region.people.outlet.key
    start = day_start(beijing_day(region.now) - timedelta(days=1))
    made = []
    for n in range(10):
        code, cause, due, received = HourCode.NORMAL, "", True, True
        if n == 3:
            code, cause, received = HourCode.NO_DATA, "own_downtime", False
        elif n == 4:
            code, cause = HourCode.CALIBRATION, "calibration"
        elif n == 5:
            code, cause, due = HourCode.STOPPED, "stopped", False
        valid = not cause
        made.append(HourValue(key, NOX, start + timedelta(hours=n), code, 60 if valid else 0, 20.0 if valid else None, converted=20.0 if valid else None,
                              due=due, received=received, cause=cause, first="valid" if valid else "lost" if n == 3 else "received"))  # fmt: skip
    stores.telemetry().write_hours(made, at=region.now)
    return start


def month(start):
    return f"first={beijing_day(start):%Y-%m}&last={beijing_day(start):%Y-%m}"


@pytest.mark.parametrize(("name", "portal"), PORTALS.items())
def test_the_table_counts_what_was_due_received_and_valid(name, portal, region, counted, as_person):
    page = as_person(name).get(f"/{portal}/rates/?{month(counted)}")
    text = page.content.decode()
    assert page.status_code == 200
    [row] = [row for row, _ in page.context["rows"] if row.key == region.people.outlet.key]
    counts = row.counts
    assert counts.due - counts.received >= 1  # the region's own hours are of today, in the same month or not
    assert counts.own_downtime == 1
    assert dict(row.causes)["calibration"] == 1
    assert f"({counts.valid}/{counts.due})" in text
    assert "平台停机" in text
    assert "校准 1" in text


def test_a_row_leads_down_to_the_lost_hour_and_its_cause(region, counted, as_person):
    client, outlet = as_person("city_regulator"), region.people.outlet
    day = beijing_day(counted)
    whole = client.get(f"/regulator/rates/{outlet.discharger.uscc}/{outlet.code}/?month={day:%Y-%m}")
    address = f"/regulator/rates/{outlet.discharger.uscc}/{outlet.code}/{day}/"
    assert address in whole.content.decode()
    hours = client.get(address)
    text = hours.content.decode()
    assert {row["hour"].cause for row in hours.context["hours"]} >= {"own_downtime", "calibration"}
    for said in ("平台停机", "应收未收", "校准", "已收无效", "不计应收", "data-drawer"):
        assert said in text
    assert client.get(address + "?cause=calibration").content.decode().count("data-drawer") == 1
    assert client.get(address.replace(str(day), "gestern")).status_code == 404


@pytest.mark.parametrize("by", ["outlet", "discharger", "district", "month", "factor"])
def test_every_grouping_sums_to_the_same_counts(by, region, counted, as_person):
    page = as_person("city_regulator").get(f"/regulator/rates/?by={by}&{month(counted)}&sort=-etr")
    assert page.status_code == 200
    base = as_person("city_regulator").get(f"/regulator/rates/?{month(counted)}")
    assert page.context["total"].counts == base.context["total"].counts
    assert page.context["total"].counts.valid >= 7


def test_filters_paging_and_files_of_the_table(region, counted, as_person):
    client = as_person("city_regulator")
    none = client.get(f"/regulator/rates/?{month(counted)}&q=没有这样的企业")
    assert "筛选后没有记录" in none.content.decode()
    csv = client.get(f"/regulator/rates/?{month(counted)}&form=csv").content.decode("utf-8-sig")
    assert csv.splitlines()[0].startswith("名称,应收时,收到时,有效时")
    assert csv.splitlines()[-1].startswith("合计,")
    assert client.get(f"/regulator/rates/?{month(counted)}&form=xlsx").content[:2] == b"PK"
    assert client.get("/regulator/rates/?first=2026-13").status_code == 422
    assert "早于起" in client.get("/regulator/rates/?first=2026-11&last=2026-10").content.decode()


@pytest.mark.parametrize("portal", ["discharger", "agency"])
def test_strangers_see_nothing_of_ours(portal, region, counted, as_person):
    outlet = region.people.outlet
    name = {"discharger": "stranger_discharger_admin", "agency": "stranger_agency_reviewer"}[portal]
    client, path = as_person(name), f"{outlet.discharger.uscc}/{outlet.code}"
    assert outlet.key not in {
        row.key for row, _ in client.get(f"/{portal}/rates/?{month(counted)}").context["rows"]
    }
    for page in (
        f"rates/{path}/",
        f"rates/{path}/2026-11-01/",
        f"compare/?o={outlet.key}",
        f"compare/data/?o={outlet.key}&f={NOX}",
        f"outlets/{path}/?t=calendar",
        f"outlets/{path}/?t=revisions",
        f"outlets/{path}/download/?f={NOX}",
    ):
        assert client.get(f"/{portal}/{page}").status_code == 404, page
    assert outlet.discharger.name not in client.get(f"/{portal}/compare/?q=甲").content.decode()


@pytest.mark.parametrize("page", ["rates/", "compare/", "revisions/"])
def test_roles_of_other_portals_are_refused(page, region, as_person):
    assert as_person("discharger_admin").get(f"/regulator/{page}").status_code == 403
    assert as_person("city_regulator").get(f"/discharger/{page}").status_code == 403
    assert as_person("laboratory").get(f"/agency/{page}").status_code == 403
    assert as_person("").get(f"/regulator/{page}").status_code == 302


def test_outlets_are_compared_in_chart_table_and_file(region, counted, as_person):
    ours, theirs = region.people.outlet, region.people.stranger_outlet
    client = as_person("city_regulator")
    assert "选择要对比的排放口" in client.get("/regulator/compare/").content.decode()
    both = f"o={ours.key}&o={theirs.key}&f={NOX}&k=hour&s=7d"
    page = client.get(f"/regulator/compare/?{both}")
    assert page.status_code == 200
    mine, other = page.context["rows"]
    assert mine.values >= 7
    assert mine.maximum > mine.minimum
    assert (other.values, other.mean) == (0, None)
    data = client.get(f"/regulator/compare/data/?{both}").json()
    assert [curve["evidence"].split("/")[3:5] for curve in data["curves"]] == [
        o.key.split("/") for o in (ours, theirs)
    ]
    assert client.get(f"/regulator/compare/data/?{both}&norm=1").json()["axes"][0]["unit"] == "%"
    csv = client.get(f"/regulator/compare/?{both}&form=csv").content.decode("utf-8-sig")
    assert len(csv.splitlines()) == 3
    assert client.get("/regulator/compare/data/").status_code == 404


def test_the_calendar_tells_each_day_and_leads_to_its_hours(region, counted, as_person):
    day = beijing_day(counted)
    client = as_person("discharger_admin")
    url = region.outlet_url.replace("regulator", "discharger")
    page = client.get(f"{url}?f={NOX}&t=calendar&month={day:%Y-%m}")
    cells = {cell.day: cell for week in page.context["calendar"]["weeks"] for cell in week if cell}
    assert cells[day].state == "partial"
    assert (cells[day].counts.due, cells[day].counts.valid) == (9, 7)
    assert "校准 1" in cells[day].why
    assert f"from={day}T00:00" in cells[day].url
    assert client.get(url + cells[day].url).context["query"].kind == "hour"
    year = client.get(f"{url}?t=calendar&year={day.year}&of={NOX}")
    assert len(year.context["calendar"]["months"]) == 12
    assert client.get(f"{url}?t=calendar&month=9999-99").status_code == 200


def test_rates_without_hours_are_a_dash(region, as_person):
    page = as_person("city_regulator").get("/regulator/rates/?first=2001-01&last=2001-01")
    rows = [row for row, _ in page.context["rows"]]
    assert {row.cells[0][0] for row in rows} == {"—"}
    assert percent(None, 0, 0) == "—"


@pytest.fixture
def restated(region, counted):
    """The first hour of yesterday has another mean now, because late data came."""
    store, outlet, at = stores.telemetry(), region.people.outlet, region.now + timedelta(minutes=5)
    hour = Span(counted, counted + timedelta(hours=1))
    points = [f"{region.people.datalogger.mn}/{region.people.datalogger.st}"]
    changed = HourValue(outlet.key, NOX, counted, HourCode.NORMAL, 60, 77.5, converted=77.5, first="valid")
    with store.writing():
        store.write_hours([changed], at=at)
        assert store.note_restated(outlet.key, points, hour, at=at) is not None
    return counted


def test_a_revision_says_what_changed_when_why_and_for_which_hours(region, restated, as_person):
    client = as_person("discharger_admin")
    page = client.get(region.outlet_url.replace("regulator", "discharger") + f"?f={NOX}&t=revisions")
    text = page.content.decode()
    [row] = page.context["revisions"]
    assert row.span.start == restated
    assert row.hours == 1
    assert row.reason
    assert ("实测", "20.000", "77.500") in row.changes[0].differs
    assert "<del>− 20.000</del>" in text
    assert f"from={beijing_day(restated)}T00:00" in row.changes[0].url


@pytest.mark.parametrize(
    ("name", "portal", "seen"),
    [
        ("city_regulator", "regulator", 1),
        ("district_regulator", "regulator", 1),
        ("stranger_district_regulator", "regulator", 0),
        ("discharger_admin", "discharger", 1),
        ("stranger_discharger_admin", "discharger", 0),
        ("agency_reviewer", "agency", 1),
        ("stranger_agency_reviewer", "agency", 0),
    ],
)
def test_the_list_of_revisions_holds_those_of_the_viewers_outlets(
    name, portal, seen, region, restated, as_person
):
    page = as_person(name).get(f"/{portal}/revisions/")
    assert len(page.context["rows"]) == seen
    assert (region.people.outlet.discharger.name in page.content.decode()) is bool(seen)
    api = as_person(name).get("/api/restatements").json()
    assert len(api["items"]) == seen
